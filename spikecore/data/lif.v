// A LIF neuron in Verilog that runs the conformance vectors.
//
//     iverilog -o lif.vvp lif.v
//     vvp lif.vvp +vectors=VECTORS +results=RESULTS +name=lif-snntorch
//
// reads the parameters and inputs of a vector and writes NAME.spikes.hex and NAME.membrane.hex into
// the folder RESULTS, which must exist.  Neurons with axes that it does not know are left out.
//
// Every operation is done on reals, which have 53 bits, and rounded to the 24 of a float: for sums
// and products of two floats that gives the float that IEEE 754 asks for.  Put your own neuron in
// the place of the task step.
module lif;
    parameter MOST = 65536; // inputs
    reg [8*256:1] vectors, results, name, path, key, value;
    reg [8*16:1] compare, reset, reset_at;
    reg decay_reset, drop_input, known;
    reg [31:0] inputs [0:MOST-1];
    real v [0:MOST-1];
    real decay, threshold, gain, leak, reset_value, number;
    integer steps, elements, file, spikes, membranes, read, t, e, fired;

    // The nearest float, ties to even.
    function real single(input real x);
        reg [63:0] bits;
        real lift;
        begin
            bits = $realtobits(x);
            lift = 1.5 * 2.0 ** (52 - 149); // its last bit is that of a subnormal float
            if (bits[62:52] < 897)
                single = (x + lift) - lift;
            else begin
                bits = bits + 64'h0fffffff + bits[29];
                single = $bitstoreal({bits[63:29], 29'b0});
            end
        end
    endfunction

    function real real_of(input [31:0] word);
        if (word[30:23] == 0)
            real_of = (word[31] ? -1.0 : 1.0) * word[22:0] * 2.0 ** -149;
        else
            real_of = $bitstoreal({word[31], {3'b0, word[30:23]} + 11'd896, word[22:0], 29'b0});
    endfunction

    function [31:0] word_of(input real x);
        reg [63:0] bits;
        begin
            bits = $realtobits(x);
            if (bits[62:52] < 897)
                word_of = {bits[63], 31'b0} | $rtoi((x < 0 ? -x : x) * 2.0 ** 149);
            else begin
                bits[62:52] = bits[62:52] - 11'd896;
                word_of = {bits[63], bits[59:29]};
            end
        end
    endfunction

    function fires(input real membrane);
        fires = compare == ">=" ? membrane >= threshold : membrane > threshold;
    endfunction

    // One step of neuron n with input x: the new membrane and whether it fired.
    task step(input integer n, input real x, output integer fired);
        real u;
        reg due, next;
        begin
            u = v[n];
            next = reset_at == "next";
            due = fires(u) && next;
            if (gain != 1.0) x = single(gain * x);
            if (due && reset == "value" && !drop_input) u = reset_value;
            if (due && reset == "subtract" && decay_reset) u = single(u - threshold);
            if (leak != 0.0)
                u = single(leak + single(decay * single(u - leak)));
            else
                u = single(decay * u);
            u = single(u + x);
            if (due && reset == "subtract" && !decay_reset) u = single(u - threshold);
            if (due && reset == "value" && drop_input) u = reset_value;
            fired = fires(u);
            if (fired && !next && reset == "subtract") u = single(u - threshold);
            if (fired && !next && reset == "value") u = reset_value;
            v[n] = u;
        end
    endtask

    // One parameter; known becomes 0 where this neuron does not have what it asks for.
    task take;
        begin
            number = 0.0;
            read = $sscanf(value, "%f", number);
            case (key)
                "decay": decay = single(number);
                "threshold": threshold = single(number);
                "gain": gain = single(number);
                "leak": leak = single(number);
                "reset_value": reset_value = single(number);
                "compare": compare = value;
                "reset": reset = value;
                "reset_at": begin reset_at = value; known = known && value != "exchange"; end
                "decay_reset": decay_reset = value == "true";
                "drop_input": drop_input = value == "true";
                "spikes": known = known && value == "single";
                "report_spike": known = known && value == "new";
                "refractory": known = known && value == "0";
                "inhibition": known = known && value == "false";
                "lower": known = known && value == "none";
                "amplitude": known = known && number == 1.0;
                "inputs.steps": steps = number;
                "inputs.elements": elements = number;
            endcase
        end
    endtask

    initial begin
        known = $value$plusargs("vectors=%s", vectors) && $value$plusargs("results=%s", results)
            && $value$plusargs("name=%s", name);
        $sformat(path, "%0s/%0s.parameters.txt", vectors, name);
        file = known ? $fopen(path, "r") : 0;
        if (file == 0) begin
            $display("give +vectors=DIR +results=DIR +name=NAME of a vector");
            $finish;
        end else begin
            while ($fscanf(file, "%s = %s\n", key, value) == 2) take;
            $fclose(file);
            if (known) run; else $display("%0s has axes that this neuron lacks", name);
        end
    end

    task run;
        begin
            $sformat(path, "%0s/%0s.inputs.hex", vectors, name);
            $readmemh(path, inputs, 0, steps * elements - 1);
            $sformat(path, "%0s/%0s.spikes.hex", results, name);
            spikes = $fopen(path, "w");
            $sformat(path, "%0s/%0s.membrane.hex", results, name);
            membranes = $fopen(path, "w");
            for (e = 0; e < elements; e = e + 1) v[e] = leak;
            for (t = 0; t < steps; t = t + 1) begin
                for (e = 0; e < elements; e = e + 1) begin
                    step(e, real_of(inputs[t * elements + e]), fired);
                    $fwrite(spikes, "%02x ", fired[7:0]);
                    $fwrite(membranes, "%08x ", word_of(v[e]));
                end
                $fwrite(spikes, "\n");
                $fwrite(membranes, "\n");
            end
            $fclose(spikes);
            $fclose(membranes);
        end
    endtask
endmodule
