/* exp and what is made of it, over the vector verbs (include the ISA's vec.h first).
 *
 * x = n ln 2 + r, |r| <= ln2/2, with ln 2 in two parts so that r keeps its bits (Cody
 * and Waite); e^r by its Taylor polynomial to degree 7 (remainder below 8e-9 relative);
 * 2^n in two factors, so that results below 2^-126 are rounded once, as denormals. */
#ifndef KAO_KERNELS_VEC_EXP_H
#define KAO_KERNELS_VEC_EXP_H

static inline vf vf_exp(vf x)
{
    /* beyond these the result is 0 or infinity; second operand: NaN comes through */
    const vf c = vf_min(vf_set1(89.0f), vf_max(vf_set1(-105.0f), x));
    const vf n = vf_round(vf_mul(c, vf_set1(0x1.715476p+0f)));
    vf r =
        vf_fma(n, vf_set1(-0x1.62e400p-1f), c); /* ln 2, upper 15 bits: n*it is exact */
    r = vf_fma(n, vf_set1(-0x1.7f7d1cp-20f), r); /* ln 2, the rest */
    vf p = vf_set1(1.0f / 5040);
    p = vf_fma(p, r, vf_set1(1.0f / 720));
    p = vf_fma(p, r, vf_set1(1.0f / 120));
    p = vf_fma(p, r, vf_set1(1.0f / 24));
    p = vf_fma(p, r, vf_set1(1.0f / 6));
    p = vf_fma(p, r, vf_set1(0.5f));
    p = vf_fma(p, r, vf_set1(1.0f));
    p = vf_fma(p, r, vf_set1(1.0f));
    const vf half = vf_round(vf_mul(n, vf_set1(0.5f)));
    const vf y = vf_mul(vf_mul(p, vf_pow2(half)), vf_pow2(vf_sub(n, half)));

    return vf_if_nan(x, x, y);
}

static inline vf
vf_sigmoid(vf x) /* by exp(-|x|): no overflow, full precision at both ends */
{
    const vf one = vf_set1(1.0f);
    const vf e = vf_exp(vf_neg_abs(x));

    return vf_div(vf_if_neg(x, e, one), vf_add(one, e));
}

static inline vf vf_silu(vf x) /* at -inf the limit, -0, not inf * 0 */
{
    return vf_mul(vf_max(vf_set1(-200.0f), x), vf_sigmoid(x));
}

/* The activation as the table's kernels apply it to one vector. */
static inline vf vf_act(vf x, kao_act act, vf lo, vf hi, vf slope)
{
    switch (act) {
    case KAO_ACT_NONE:
        return x;
    case KAO_ACT_CLAMP:
        return vf_min(hi, vf_max(lo, x));
    case KAO_ACT_SLOPE:
        return vf_if_neg(x, vf_mul(x, slope), x);
    case KAO_ACT_SIGMOID:
        return vf_sigmoid(x);
    case KAO_ACT_SILU:
        return vf_silu(x);
    }
    return x;
}

#endif
