/* See tape_networks.h. */
#include "tape_networks.h"

#include <stdio.h>

static void norm(graph *g, const char *in, const char *out, const char *name,
                 const char *c, uint32_t seed)
{
    char names[5][16], inputs[96];
    static const char *const ends[] = { "g", "b", "m", "v" };

    for (int i = 0; i < 4; i++)
        snprintf(names[i], sizeof names[i], "%s.%s", name, ends[i]);
    graph_noise_around(g, names[0], c, seed, 0.25f, 1);
    graph_noise(g, names[1], c, seed + 1, 0.5f);
    graph_noise(g, names[2], c, seed + 2, 0.5f);
    graph_noise_around(g, names[3], c, seed + 3, 0.25f, 1);
    snprintf(inputs, sizeof inputs, "%s %s %s %s %s", in, names[0], names[1], names[2],
             names[3]);
    graph_node(g, "BatchNormalization", inputs, out, "epsilon=0.00001");
}

pb tape_first(void)
{
    graph g;
    static const float twice[4] = { 1, 1, 2, 2 };

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "?,3,?,?");
    graph_noise(&g, "c1.w", "8,3,3,3", 1, 0.4f);
    graph_node(&g, "Conv", "x c1.w", "t1", "pads=[1,1,1,1] strides=[2,2]");
    norm(&g, "t1", "t2", "n1", "8", 10);
    graph_noise_around(&g, "p1", "8,1,1", 20, 0.25f, 0.25f);
    graph_node(&g, "PRelu", "t2 p1", "y", "");
    graph_noise(&g, "c2.w", "8,8,1,1", 2, 0.4f);
    graph_noise(&g, "c2.b", "8", 3, 0.3f);
    graph_node(&g, "Conv", "y c2.w c2.b", "t3", "");
    graph_noise(&g, "c3.w", "8,1,3,3", 4, 0.4f);
    graph_node(&g, "Conv", "t3 c3.w", "t4", "pads=[1,1,1,1] group=8");
    norm(&g, "t4", "t5", "n2", "8", 30);
    graph_node(&g, "Relu", "t5", "z", "");
    graph_node(&g, "Add", "y z", "s", "");
    graph_node(&g, "MaxPool", "s", "q", "kernel_shape=[2,2] strides=[2,2]");
    graph_noise(&g, "c4.w", "8,8,3,3", 5, 0.2f);
    graph_noise(&g, "c4.b", "8", 6, 0.3f);
    graph_node(&g, "Conv", "q c4.w c4.b", "t6", "pads=[1,1,1,1]");
    graph_node(&g, "LeakyRelu", "t6", "p", "alpha=0.125");
    graph_floats(&g, "twice", "4", twice);
    graph_node(
        &g, "Resize", "p - twice", "u",
        "mode=nearest coordinate_transformation_mode=asymmetric nearest_mode=floor");
    graph_node(&g, "Add", "s u", "r", "");
    graph_noise(&g, "c5.w", "5,8,1,1", 7, 0.3f);
    graph_noise(&g, "c5.b", "5", 8, 0.3f);
    graph_node(&g, "Conv", "r c5.w c5.b", "a", "");
    graph_output(&g, "a", KAO_F32, NULL);
    graph_output(&g, "p", KAO_F32, NULL);
    return graph_file(&g);
}

pb tape_second(void)
{
    graph g;
    static const float lo = -0.25f, hi = 0.5f;
    static const int64_t rows[2] = { 0, -1 };

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "?,4,6,6");
    graph_noise(&g, "d1.w", "8,4,3,3", 201, 0.5f);
    graph_node(&g, "Conv", "x d1.w", "h", "pads=[1,1,1,1]");
    graph_floats(&g, "lo", "", &lo);
    graph_floats(&g, "hi", "", &hi);
    graph_node(&g, "Clip", "h lo hi", "c", "");
    graph_node(&g, "GlobalAveragePool", "c", "mean", "");
    graph_noise(&g, "d2.w", "8,8,1,1", 202, 0.9f);
    graph_noise(&g, "d2.b", "8", 203, 0.5f);
    graph_node(&g, "Conv", "mean d2.w d2.b", "logit", "");
    graph_node(&g, "Sigmoid", "logit", "gate", "");
    graph_node(&g, "Mul", "gate c", "m", "");
    graph_node(&g, "AveragePool", "m", "a1",
               "kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]");
    graph_node(&g, "AveragePool", "h", "a2",
               "kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1] count_include_pad=1");
    graph_node(&g, "Concat", "a1 a2", "cat", "axis=1");
    graph_noise_around(&g, "slope", "1", 204, 0.125f, 0.25f);
    graph_node(&g, "PRelu", "cat slope", "r", "");
    graph_noise(&g, "d3.w", "6,16,1,1", 205, 0.9f);
    graph_node(&g, "Conv", "r d3.w", "t", "");
    graph_node(&g, "PRelu", "t slope", "u", "");
    graph_node(&g, "Sigmoid", "u", "s", "");
    graph_node(&g, "Mul", "u s", "q", "");
    graph_node(&g, "Flatten", "q", "f", "axis=1");
    graph_noise(&g, "e.w", "5,54", 206, 0.5f);
    graph_noise(&g, "e.b", "5", 207, 0.5f);
    graph_node(&g, "Gemm", "f e.w e.b", "e1", "transB=1");
    norm(&g, "e1", "e2", "n3", "5", 210);
    graph_node(&g, "LpNormalization", "e2", "e", "axis=-1 p=2");
    graph_ints(&g, "rows", "2", rows);
    graph_node(&g, "Reshape", "q rows", "f2", "");
    graph_noise(&g, "o.w", "3,54", 208, 0.5f);
    graph_node(&g, "Gemm", "f2 o.w", "o", "transB=1");
    graph_node(&g, "LpNormalization", "q", "l", "axis=1");
    graph_output(&g, "e", KAO_F32, NULL);
    graph_output(&g, "o", KAO_F32, NULL);
    graph_output(&g, "l", KAO_F32, NULL);
    return graph_file(&g);
}

pb tape_dropped(int64_t opset)
{
    graph g;
    static const float ratio = 0.25f;

    graph_init(&g, opset);
    graph_input(&g, "x", KAO_F32, "?,4,?,?");
    graph_noise_around(&g, "w", "4,1,1,1", 301, 0.25f, 1);
    graph_node(&g, "Conv", "x w", "h", "group=4");
    if (opset < 12) {
        graph_node(&g, "Dropout", "h", "d", "ratio=0.25");
    } else {
        graph_floats(&g, "ratio", "", &ratio);
        graph_node(&g, "Dropout", "h ratio", "d", "");
    }
    graph_node(&g, "LeakyRelu", "d", "y", "alpha=1.0");
    graph_output(&g, "y", KAO_F32, NULL);
    graph_output(&g, "h", KAO_F32, NULL);
    return graph_file(&g);
}

static void conv(graph *g, const char *in, const char *out, const char *dims,
                 const char *attributes, uint32_t seed)
{
    char w[16], inputs[32];

    snprintf(w, sizeof w, "%s.w", out);
    snprintf(inputs, sizeof inputs, "%s %s", in, w);
    graph_noise(g, w, dims, seed, 0.4f);
    graph_node(g, "Conv", inputs, out, attributes);
}

pb tape_branches(void)
{
    graph g;
    static const float lo = -0.5f, hi = 0.75f, twice[4] = { 1, 1, 2, 2 };

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "?,4,?,?");
    graph_floats(&g, "lo", "", &lo);
    graph_floats(&g, "hi", "", &hi);
    graph_floats(&g, "twice", "4", twice);
    graph_noise_around(&g, "slope", "8,1,1", 400, 0.25f, 0.25f);
    graph_node(&g, "Add", "x x", "t0", "");
    conv(&g, "t0", "t1", "8,4,3,3", "pads=[1,1,1,1]", 401);
    norm(&g, "t1", "t2", "n1", "8", 410);
    graph_node(&g, "PRelu", "t2 slope", "y1", "");
    norm(&g, "y1", "y2", "n2", "8", 420); /* of one that is not kept */
    conv(&g, "y2", "t3", "8,8,3,3", "pads=[1,1,1,1] strides=[2,2]", 402);
    conv(&g, "y2", "t4", "8,8,1,1", "strides=[2,2]", 403);
    graph_node(&g, "Add", "t3 t4", "a", "");
    norm(&g, "a", "t5", "n3", "8", 430);
    graph_node(&g, "Relu", "t5", "y3", "");
    conv(&g, "y3", "t6", "8,1,3,3", "pads=[1,1,1,1] group=8", 404);
    conv(&g, "y3", "t7", "8,8,1,1", "", 405);
    graph_node(&g, "LeakyRelu", "t6", "y4", "alpha=0.125");
    graph_node(&g, "Clip", "t7 lo hi", "y5", "");
    graph_node(&g, "Mul", "y4 y5", "m", "");
    graph_node(&g, "Add", "m y3", "s", "");
    graph_node(&g, "Concat", "s y4", "b", "axis=1");
    conv(&g, "b", "t8", "8,16,1,1", "", 406);
    graph_node(&g, "Sigmoid", "t8", "y6", "");
    graph_node(&g, "Resize", "y6 - twice", "u",
               "mode=nearest coordinate_transformation_mode=asymmetric "
               "nearest_mode=floor");
    graph_node(&g, "Add", "u y1", "r", "");
    graph_node(&g, "MaxPool", "r", "q", "kernel_shape=[2,2] strides=[2,2]");
    conv(&g, "q", "c", "4,8,1,1", "", 407);
    graph_output(&g, "a", KAO_F32, NULL);
    graph_output(&g, "b", KAO_F32, NULL);
    graph_output(&g, "c", KAO_F32, NULL);
    return graph_file(&g);
}

pb tape_chain(int blocks)
{
    graph g;
    char in[16] = "x", mid[16], out[16], name[16], inputs[48];

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "?,8,?,?");
    for (uint32_t i = 0; i < (uint32_t)blocks; i++) {
        snprintf(mid, sizeof mid, "c%u", i);
        snprintf(out, sizeof out, "m%u", i);
        snprintf(name, sizeof name, "n%u", i);
        conv(&g, in, mid, "8,8,1,1", "", 500 + i);
        norm(&g, mid, out, name, "8", 600 + 10 * i);
        snprintf(name, sizeof name, "p%u", i);
        graph_noise_around(&g, name, "8,1,1", 700 + i, 0.25f, 0.25f);
        snprintf(inputs, sizeof inputs, "%s %s", out, name);
        snprintf(in, sizeof in, "y%u", i);
        graph_node(&g, "PRelu", inputs, in, "");
    }
    graph_output(&g, in, KAO_F32, NULL);
    return graph_file(&g);
}
