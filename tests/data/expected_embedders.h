/* Written by make_embedders.py; do not edit. */
#ifndef KAO_TESTS_EXPECTED_EMBEDDERS_H
#define KAO_TESTS_EXPECTED_EMBEDDERS_H

/* gelu */
static const float expected_gelu[5] = {
    -0.1102805f, 0.1498311f, 0.169719f, 0.05818757f, -0.1782653f,
};

/* normalized */
static const float expected_normalized[5] = {
    0.1684404f, -0.2827899f, -0.06250266f, -0.7093204f, 0.6201739f,
};

/* qdq */
static const float expected_qdq[5] = {
    0.2414526f, -0.07503637f, -0.1126346f, 0.03158578f, -0.02618868f,
};

/* qlinear */
static const float expected_qlinear[5] = {
    0.2237347f, -0.0143544f, 0.08702601f, 0.1787882f, -0.09306246f,
};

#endif
