/* A LIF neuron in C99 that runs the conformance vectors.
 *
 *     cc -std=c99 -O2 -o lif lif.c
 *     ./lif VECTORS RESULTS VECTORS/lif-*.parameters.txt
 *
 * reads the parameters and inputs of each vector and writes NAME.spikes.hex and NAME.membrane.hex
 * into the folder RESULTS, which must exist.  The step is that of SPEC.md, "Neurons", in float
 * throughout: -std=c99 keeps GCC from fusing a product with a sum.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__clang__) || !defined(__GNUC__)
#pragma STDC FP_CONTRACT OFF
#endif

enum { LONGEST = 4096 };

typedef struct {
    float decay, threshold, gain, leak, reset_value, lower, amplitude;
    int at_threshold, has_lower, decay_reset, drop_input, multi, old, refractory, inhibition;
    int bytes; /* spikes are written as bytes, not as floats */
    char reset[16], reset_at[16];
    int steps, elements, neurons; /* neurons: length of the last axis */
} Parameters;

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "lif: %s: %s\n", name, what);
    exit(1);
}

static FILE *opened(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    if (!file) fail("cannot be opened", path);
    return file;
}

/* Lines "key = value"; keys that are not needed here are passed over. */
static Parameters parameters_of(const char *path)
{
    Parameters p;
    char key[64], value[256];
    FILE *file = opened(path, "r");
    memset(&p, 0, sizeof p);
    while (fscanf(file, " %63s = %255[^\n]", key, value) == 2) {
        float number = (float)strtod(value, NULL);
        int yes = !strcmp(value, "true");
        if (!strcmp(key, "decay")) p.decay = number;
        if (!strcmp(key, "threshold")) p.threshold = number;
        if (!strcmp(key, "gain")) p.gain = number;
        if (!strcmp(key, "leak")) p.leak = number;
        if (!strcmp(key, "reset_value")) p.reset_value = number;
        if (!strcmp(key, "amplitude")) p.amplitude = number;
        if (!strcmp(key, "lower")) p.has_lower = strcmp(value, "none") != 0, p.lower = number;
        if (!strcmp(key, "compare")) p.at_threshold = !strcmp(value, ">=");
        if (!strcmp(key, "reset")) snprintf(p.reset, sizeof p.reset, "%.15s", value);
        if (!strcmp(key, "reset_at")) snprintf(p.reset_at, sizeof p.reset_at, "%.15s", value);
        if (!strcmp(key, "decay_reset")) p.decay_reset = yes;
        if (!strcmp(key, "drop_input")) p.drop_input = yes;
        if (!strcmp(key, "inhibition")) p.inhibition = yes;
        if (!strcmp(key, "spikes")) p.multi = !strcmp(value, "multi");
        if (!strcmp(key, "report_spike")) p.old = !strcmp(value, "old");
        if (!strcmp(key, "refractory")) p.refractory = atoi(value);
        if (!strcmp(key, "spikes.dtype")) p.bytes = !strcmp(value, "int8");
        if (!strcmp(key, "inputs.steps")) p.steps = atoi(value);
        if (!strcmp(key, "inputs.elements")) p.elements = atoi(value);
        if (!strcmp(key, "inputs.shape")) p.neurons = atoi(strrchr(value, 'x') + 1);
    }
    fclose(file);
    if (p.steps < 1 || p.elements < 1 || p.neurons < 1) fail("has no sizes", path);
    return p;
}

/* A word of 8 hexadecimal digits is the bits of a float. */
static float *inputs_of(const char *path, int count)
{
    float *values = malloc(count * sizeof *values);
    FILE *file = opened(path, "r");
    if (!values || fscanf(file, "//%*[^\n]") != 0) fail("does not begin with a comment", path);
    for (int i = 0; i < count; i++) {
        unsigned bits;
        if (fscanf(file, "%x", &bits) != 1) fail("is too short", path);
        uint32_t word = bits;
        memcpy(&values[i], &word, sizeof word);
    }
    fclose(file);
    return values;
}

static float fires(const Parameters *p, float v)
{
    if (p->multi) return v > 0 ? floorf(v / p->threshold) : 0;
    return p->at_threshold ? v >= p->threshold : v > p->threshold;
}

/* How often each neuron fires; with inhibition only the highest above its threshold may. */
static void fire(const Parameters *p, const float *v, float *counts)
{
    for (int e = 0; e < p->elements; e++) counts[e] = fires(p, v[e]);
    if (!p->inhibition) return;
    for (int row = 0; row < p->elements; row += p->neurons) {
        int winner = 0;
        for (int n = 1; n < p->neurons; n++)
            if (v[row + n] - p->threshold > v[row + winner] - p->threshold) winner = n;
        for (int n = 0; n < p->neurons; n++)
            if (n != winner) counts[row + n] = 0;
    }
}

static float integrate(const Parameters *p, float v, float x, float due)
{
    int now = !strcmp(p->reset_at, "same");
    int subtract = !strcmp(p->reset, "subtract") && !now;
    int set = !strcmp(p->reset, "value") && !now && due > 0;
    if (p->gain != 1) x = p->gain * x;
    if (set && !p->drop_input) v = p->reset_value;
    if (subtract && p->decay_reset) v = v - due * p->threshold;
    if (p->leak != 0) v = p->leak + p->decay * (v - p->leak);
    else v = p->decay * v;
    v = v + x;
    if (subtract && !p->decay_reset) v = v - due * p->threshold;
    if (set && p->drop_input) v = p->reset_value;
    return p->has_lower && v < p->lower ? p->lower : v;
}

static float reset(const Parameters *p, float v, float counts, float due)
{
    if (!strcmp(p->reset_at, "exchange")) return v - (counts - due) * p->threshold;
    if (strcmp(p->reset_at, "same") || counts == 0) return v;
    return strcmp(p->reset, "value") ? v - counts * p->threshold : p->reset_value;
}

/* Every step of every neuron. */
static void run(const Parameters *p, const float *x, FILE *spikes, FILE *membranes)
{
    int size = p->elements;
    float *v = calloc(size, sizeof *v), *due = calloc(size, sizeof *due);
    float *counts = calloc(size, sizeof *counts);
    int *waiting = calloc(size, sizeof *waiting);
    if (!v || !due || !counts || !waiting) fail("no memory", "run");
    for (int e = 0; e < size; e++) v[e] = p->leak;
    for (int t = 0; t < p->steps; t++) {
        fire(p, v, due);
        for (int e = 0; e < size; e++)
            v[e] = integrate(p, v[e], waiting[e] > 0 ? 0 : x[t * size + e], due[e]);
        fire(p, v, counts);
        for (int e = 0; e < size; e++) {
            float shown = p->old ? due[e] : counts[e];
            float value = shown * p->amplitude;
            uint32_t bits;
            v[e] = reset(p, v[e], counts[e], due[e]);
            waiting[e] = shown > 0 ? p->refractory : waiting[e] > 0 ? waiting[e] - 1 : 0;
            memcpy(&bits, &value, sizeof bits);
            if (p->bytes) fprintf(spikes, "%02x ", (unsigned)(uint8_t)(int8_t)value);
            else fprintf(spikes, "%08x ", (unsigned)bits);
            memcpy(&bits, &v[e], sizeof bits);
            fprintf(membranes, "%08x ", (unsigned)bits);
        }
        fprintf(spikes, "\n");
        fprintf(membranes, "\n");
    }
    free(v), free(due), free(counts), free(waiting);
}

int main(int argc, char **argv)
{
    if (argc < 4) fail("give VECTORS RESULTS NAME.parameters.txt ...", "usage");
    for (int i = 3; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        char name[256], path[LONGEST];
        snprintf(name, sizeof name, "%s", slash ? slash + 1 : argv[i]);
        if (strstr(name, ".parameters.txt")) *strstr(name, ".parameters.txt") = 0;
        snprintf(path, sizeof path, "%s/%s.parameters.txt", argv[1], name);
        Parameters p = parameters_of(path);
        snprintf(path, sizeof path, "%s/%s.inputs.hex", argv[1], name);
        float *x = inputs_of(path, p.steps * p.elements);
        snprintf(path, sizeof path, "%s/%s.spikes.hex", argv[2], name);
        FILE *spikes = opened(path, "w");
        snprintf(path, sizeof path, "%s/%s.membrane.hex", argv[2], name);
        FILE *membranes = opened(path, "w");
        run(&p, x, spikes, membranes);
        if (fclose(spikes) || fclose(membranes)) fail("cannot be written", path);
        free(x);
    }
    return 0;
}
