// A LIF neuron in Q format, and its testbench, which runs the conformance vectors in fixed point.
//
//     iverilog -g2001 -o fixed.vvp fixed.v
//     vvp fixed.vvp +vectors=VECTORS +results=RESULTS +name=fixed-q-format
//
// reads the parameters and inputs of a vector and writes NAME.spikes.bin and NAME.membrane.bin into
// the folder RESULTS, which must exist.  The bits of the registers are parameters of the testbench:
// iverilog -Pfixed_test.BITS=16 -Pfixed_test.PRODUCT_BITS=22 makes fixed-q-format-small.  Vectors
// of other neurons and of other bits are left out.  Put your own neuron in the place of q_lif.

// v <- wrap(floor(wrap(v*decay) / 2**DECAY_BITS) + current - spike*threshold), one step a clock.
// The spike is that of the membrane that is shown; its threshold is subtracted in the next step.
module q_lif #(
    parameter BITS = 24,
    parameter INPUT_BITS = 16,
    parameter DECAY_BITS = 7,
    parameter PRODUCT_BITS = 32
) (
    input clock,
    input reset,
    input signed [INPUT_BITS-1:0] current,
    input [DECAY_BITS:0] decay,
    input signed [BITS-1:0] threshold,
    output spike,
    output reg signed [BITS-1:0] membrane
);
    wire signed [DECAY_BITS+1:0] factor = {1'b0, decay};
    wire signed [PRODUCT_BITS-1:0] product = membrane * factor;
    wire signed [BITS-1:0] crossed = spike ? threshold : {BITS{1'b0}};

    assign spike = membrane >= threshold;

    // >>> rounds down because product is signed; the assignment keeps the lowest BITS bits
    always @(posedge clock)
        if (reset) membrane <= 0;
        else membrane <= (product >>> DECAY_BITS) + current - crossed;
endmodule

module fixed_test;
    parameter BITS = 24;
    parameter INPUT_BITS = 16;
    parameter DECAY_BITS = 7;
    parameter PRODUCT_BITS = 32;
    localparam MOST = 65536; // inputs

    reg [8*256:1] vectors, results, name, path, key, value;
    reg [INPUT_BITS-1:0] inputs [0:MOST-1];
    reg [BITS-1:0] membranes [0:MOST-1];
    reg spikes [0:MOST-1];
    reg clock, reset, known;
    reg signed [INPUT_BITS-1:0] current;
    reg [DECAY_BITS:0] decay;
    reg signed [BITS-1:0] threshold;
    wire spike;
    wire signed [BITS-1:0] membrane;
    integer steps, elements, file, number, read, t, e;

    q_lif #(BITS, INPUT_BITS, DECAY_BITS, PRODUCT_BITS) neuron (
        .clock(clock), .reset(reset), .current(current), .decay(decay), .threshold(threshold),
        .spike(spike), .membrane(membrane)
    );

    // One line of the parameters; known becomes 0 where this neuron does not have what it asks for.
    task take;
        begin
            number = 0;
            read = $sscanf(value, "%d", number);
            case (key)
                "decay": decay = number;
                "threshold": threshold = number;
                "inputs.steps": steps = number;
                "inputs.elements": elements = number;
                "bits": known = known && number == BITS;
                "input_bits": known = known && number == INPUT_BITS;
                "decay_bits": known = known && number == DECAY_BITS;
                "product_bits": known = known && number == PRODUCT_BITS;
                "decay_form": known = known && value == "factor";
                "decay_at": known = known && value == "step";
                "rounding": known = known && value == "floor";
                "overflow": known = known && value == "wrap";
                "compare": known = known && value == ">=";
                "reset": known = known && value == "subtract";
                "reset_at": known = known && value == "next";
                "report_spike": known = known && value == "new";
                "synapse_decay", "lower_threshold": known = known && value == "none";
                "bias", "input_shift", "threshold_shift", "reset_interval":
                    known = known && number == 0;
            endcase
        end
    endtask

    task tick;
        begin
            #1 clock = 1;
            #1 clock = 0;
        end
    endtask

    // Every element after a reset, one step a clock.
    task run;
        begin
            $sformat(path, "%0s/%0s.inputs.bin", vectors, name);
            $readmemb(path, inputs, 0, steps * elements - 1);
            for (e = 0; e < elements; e = e + 1) begin
                reset = 1;
                tick;
                reset = 0;
                for (t = 0; t < steps; t = t + 1) begin
                    current = inputs[t * elements + e];
                    tick;
                    spikes[t * elements + e] = spike;
                    membranes[t * elements + e] = membrane;
                end
            end
            $sformat(path, "%0s/%0s.spikes.bin", results, name);
            file = $fopen(path, "w");
            for (t = 0; t < steps * elements; t = t + 1)
                $fwrite(file, "%b%s", spikes[t], (t + 1) % elements ? " " : "\n");
            $fclose(file);
            $sformat(path, "%0s/%0s.membrane.bin", results, name);
            file = $fopen(path, "w");
            for (t = 0; t < steps * elements; t = t + 1)
                $fwrite(file, "%b%s", membranes[t], (t + 1) % elements ? " " : "\n");
            $fclose(file);
        end
    endtask

    initial begin
        clock = 0;
        known = $value$plusargs("vectors=%s", vectors) && $value$plusargs("results=%s", results)
            && $value$plusargs("name=%s", name);
        $sformat(path, "%0s/%0s.parameters.txt", vectors, name);
        file = known ? $fopen(path, "r") : 0;
        if (file == 0)
            $display("give +vectors=DIR +results=DIR +name=NAME of a vector");
        else begin
            while ($fscanf(file, "%s = %s\n", key, value) == 2) take;
            $fclose(file);
            if (known) run;
            else $display("%0s has axes that this neuron lacks", name);
        end
        $finish;
    end
endmodule
