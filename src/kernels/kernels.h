/* The table of micro-kernels: one slot an operation, filled for a CPU mask.
 *
 * A table is filled by the reference versions and then by each wider ISA that the mask
 * allows; each network has one. Drivers (conv.c ...) loop over tiles and
 * call the slots; nothing above this folder calls code of an ISA (training asks the mask
 * whether pairs of bfloat16 are fast).
 *
 * Slots are called by the drivers of this folder, and by nn/ops/train_*.c, which calls
 * norm_* and `binary`. Other code asks for windows, maps and layouts by the functions of pool.h,
 * elementwise.h and layout.h. The scan slots are called by src/gallery.
 *
 * Words of this folder:
 *   panel   packed weights of nr output channels, side by side
 *   tile    up to mr neighbouring pixels of an output row; with a panel, one GEMM call
 *   run     neighbouring tiles or pixels that are treated alike
 *   band    rows of a map, one below the other
 *   part    a share of one long row
 *   piece   what a thread of the pool takes at a time: a run, a band, panels of a run */
#ifndef KAO_KERNELS_KERNELS_H
#define KAO_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Activation: y = min(max(x, lo), hi), or x < 0 ? slope*x : x, or a smooth one.
 * NaN stays NaN in all of them. */
typedef enum kao_act {
    KAO_ACT_NONE,
    KAO_ACT_CLAMP, /* lo, hi: ReLU is 0..inf, ReLU6 0..6 */
    KAO_ACT_SLOPE, /* x < 0 ? slope[c]*x : x; one slope a channel; any value of slope */
    KAO_ACT_SIGMOID, /* 1 / (1 + exp(-x)) */
    KAO_ACT_SILU,    /* x * sigmoid(x) */
} kao_act;

/* A second operand that is added to a result, and when. */
typedef enum kao_residual {
    KAO_RES_NONE,
    KAO_RES_BEFORE_ACT,
    KAO_RES_AFTER_ACT
} kao_residual;

/* What happens to a sum before it is stored: residual (if before), activation, residual
 * (if after). Pointers are those of the tile's first row and channel. */
typedef struct kao_epilogue {
    kao_act act;
    kao_residual residual;
    float lo, hi;       /* of KAO_ACT_CLAMP */
    const float *slope; /* of KAO_ACT_SLOPE: padded as the weights are */
    const float *res;   /* rows at distance ldr; may be the output itself */
    ptrdiff_t ldr;
} kao_epilogue;

/* One tile of a dense convolution: rows x cols outputs,
 *
 *   out[r*ldo + o] = epilogue(bias[o] + sum_{ty,tx,k}
 *       w[((ty*n_tx + tx)*len + k)*nr + o] * a[r*lda + ty*step_y + tx*step_x + k])
 *
 * summed in this order: bias, then ty, tx, k ascending, one FMA each (the reference
 * rounds the product too). Class bound: |got - exact| <= (K+2)*u*(|bias| + sum|w*a|)
 * before the activation, K the number of products. 1 <= rows <= mr, 1 <= cols <= nr of
 * the slot. w and bias: padded with zeros to nr, w 64-byte aligned. Nothing is read
 * from a beyond the rows and steps above, nothing written outside of rows x cols. */
typedef struct kao_gemm_args {
    const float *a;
    ptrdiff_t lda, step_y, step_x;
    int32_t n_ty, n_tx, len;
    const float *w, *bias;
    /* NULL, or what the next calls read: while product i is computed, the cache is asked for
     * what is at ahead + i*ahead_step. No result depends on it. */
    const float *ahead;
    ptrdiff_t ahead_step;
    float *out;
    ptrdiff_t ldo;
    int32_t cols;
    kao_epilogue e;
} kao_gemm_args;

typedef void kao_gemm_fn(const kao_gemm_args *g, int32_t rows);

/* Pairs of bfloat16. A bfloat16 is the upper half of a float32, rounded to nearest, ties to
 * even; numbers below the smallest normal one may become zero. Two neighbours lie in 32 bits,
 * the first in the lower half, and arrays of pairs go as float arrays of half the length: a
 * tile of pairs has the contract of a tile with pairs for the numbers of a and w, and
 *
 *   w*a = first(w)*first(a) + second(w)*second(a)
 *
 * for each product; sums, bias and results are float32. In the class bound every pair counts
 * as two products. */

/* n numbers (even) -> n/2 pairs; pairs may be the same memory as in. */
typedef void kao_to_pairs_fn(const float *in, size_t n, float *pairs);
/* 2*n rows of width numbers, one behind the other -> n rows of pairs: number i of row 2r with
 * that of row 2r+1. pairs may be the same memory as rows. */
typedef void kao_zip_pairs_fn(const float *rows, size_t n, size_t width, float *pairs);

enum { KAO_DW_ROWS = 4 }; /* most output rows that one call of the dw3 slot makes */

/* 3x3 depthwise, stride 1 or 2 in both directions, n_rows output rows of n pixels, c
 * channels:
 *
 *   out[y][x*ldo + o] = epilogue(bias[o] + sum_{kx,ky} w[(ky*3 + kx)*c_pad + o] *
 *       row[y*stride + ky][(x*stride + kx - left)*ld + o])
 *
 * summed in this order: bias, then kx ascending and ky within it. row holds
 * (n_rows-1)*stride + 3 rows; a row above or below the picture has step 0 and points to
 * c zeros, others have step ld. left: 0 or 1 columns of zeros before the first pixel;
 * width: pixels in a row; the last tap of the last pixel may be the one after it, which counts
 * as zero. The epilogue's activation is none that has an exp (sigmoid, SiLU). */
typedef struct kao_dw3_args {
    const float *row[2 * KAO_DW_ROWS + 1];
    ptrdiff_t step[2 * KAO_DW_ROWS + 1];
    int32_t n_rows, n, c, width, left, stride;
    const float *w, *bias;
    ptrdiff_t c_pad;
    float *out;
    ptrdiff_t ldo, out_row; /* floats between pixels, and between output rows */
    ptrdiff_t res_row;
    kao_epilogue e;
} kao_dw3_args;

typedef void kao_dw3_fn(const kao_dw3_args *d);

/* Any other depthwise kernel: n output pixels of a row whose n_ty x n_tx taps all lie
 * in the picture (the driver clips), c channels; sums bias, then ty, tx ascending.
 * Output pixels are ldo apart, their first taps lda; the weights of a tap w_y and w_x.
 */
typedef struct kao_dw_args {
    const float *a;
    ptrdiff_t lda, step_y, step_x;
    int32_t n_ty, n_tx, n, c;
    const float *w, *bias;
    ptrdiff_t w_y, w_x;
    float *out;
    ptrdiff_t ldo;
    kao_epilogue e;
} kao_dw_args;

typedef void kao_dw_fn(const kao_dw_args *d);

/* Winograd's minimal filtering F(m x m, 3 x 3), m = 2 or 4: from a square of e x e input pixels,
 * e = m + 2, come m x m outputs of a 3x3 of stride 1 with e*e products a channel instead of
 * 9*m*m (Lavin and Gray, arXiv:1509.09308). The matrices are in winograd.h.
 *
 * in: position i of the square B^T d B, d the e*e pixels in rows, for each of c channels:
 * out[i*step + channel]. A pixel outside the picture points to c zeros. */
enum { KAO_WINO_MOST = 4, KAO_WINO_SIDE = KAO_WINO_MOST + 2 };

typedef struct kao_wino_in_args {
    const float *pixel[KAO_WINO_SIDE * KAO_WINO_SIDE];
    int32_t c;
    float *out;
    ptrdiff_t step;
} kao_wino_in_args;

typedef void kao_wino_in_fn(const kao_wino_in_args *a);

/* out: the outputs A^T s A + bias through the epilogue, s the e*e sums of a channel,
 * sums[i*step + channel]; of them the first n_y rows and n_x columns. bias and slope are padded
 * to whole panels, and so are the sums of a position. Pointers are those of the square's first
 * pixel and channel. */
typedef struct kao_wino_out_args {
    const float *sums;
    ptrdiff_t step;
    const float *bias;
    int32_t n_y, n_x, cols;
    float *out;
    ptrdiff_t ldo, out_row; /* floats between pixels, and between rows */
    ptrdiff_t res_row;
    kao_epilogue e;
} kao_wino_out_args;

typedef void kao_wino_out_fn(const kao_wino_out_args *a);

/* Pooling, the same geometry. Maximum: NaN wins. Average: sum in order ty, tx, times
 * scale. */
typedef struct kao_window_args {
    const float *a;
    ptrdiff_t lda, step_y, step_x;
    int32_t n_ty, n_tx, n, c;
    float scale;
    float *out;
    ptrdiff_t ldo;
} kao_window_args;

typedef void kao_window_fn(const kao_window_args *p);

typedef enum kao_binary { KAO_BIN_ADD, KAO_BIN_SUB, KAO_BIN_MUL } kao_binary;

/* out[i] = min(max(a[i] op b[i*b_step], lo), hi), b_step 0 or 1; NaN stays NaN. Exact.
 */
typedef struct kao_binary_args {
    kao_binary op;
    const float *a, *b;
    int32_t b_step;
    float lo, hi;
    float *out;
    size_t n;
} kao_binary_args;

typedef void kao_binary_fn(const kao_binary_args *b);

/* out[r*out_stride + i] = act(in[r*in_stride + i]) for n_rows rows of c; slope as
 * above. */
typedef struct kao_unary_args {
    const float *in;
    ptrdiff_t in_stride;
    float *out;
    ptrdiff_t out_stride;
    size_t n_rows, c;
    kao_act act;
    float lo, hi;
    const float *slope;
} kao_unary_args;

typedef void kao_unary_fn(const kao_unary_args *u);
typedef void kao_exp_fn(const float *in, float *out, size_t n);

/* c planes of n floats, plane floats apart <-> n pixels of c floats, stride apart. */
typedef void kao_to_pixels_fn(const float *planes, size_t plane, size_t n, size_t c,
                              float *pixels, size_t stride);
typedef void kao_to_planes_fn(const float *pixels, size_t stride, size_t n, size_t c,
                              float *planes, size_t plane);

/* sums[i] += sum over n rows of a[r*lda + i] * b[r*ldb + i], for c columns: product and sum
 * rounded each, or by one FMA; rows ascending, several partial sums allowed.
 * Class bound: |got - exact| <= (n+4)*u*(|sums| + sum|a*b|). */
typedef void kao_dot_rows_fn(const float *a, ptrdiff_t lda, const float *b,
                             ptrdiff_t ldb, size_t n, size_t c, float *sums);

/* Per channel over n rows of c floats, one behind the other, with x the numbers before a batch
 * normalisation, z = x*scale + shift and y = z < 0 ? slope*z : z (training). norm_sums and
 * norm_grad_sums add to their sums, rows in blocks of 64 in float, blocks in double;
 * norm_apply and norm_grad_apply write out. */
typedef struct kao_norm_args {
    size_t n, c;
    const float *x, *g;         /* g: gradient by y */
    const float *scale, *shift; /* by channel */
    const float *slope;         /* by channel */
    const float *mean,
        *inverse; /* x^ = (x - mean) * inverse; norm_sums: any mean near it */
    const float *by_shift,
        *by_scale; /* grad_apply: sum of dz / n, sum of dz * x^ / n */
    float *out;    /* y, or the gradient by x */
    double *sums;  /* c each: sums x - mean, its square; or dz, dz*x^, dslope */
} kao_norm_args;

/* norm_sums: sums[i] += x - mean[i]; sums[c+i] += its square. The others: see above. */
typedef void kao_norm_fn(const kao_norm_args *a);

/* Scanning 8-bit rows for what may be alike enough. A row is n integers of -127..127, stored as
 * bytes that are 128 more, and four floats; n is a multiple of KAO_SCAN_ALIGN. Queries are
 * packed by kao_scan_pack (scan.h). For row r of n_rows and query j of the slot's width,
 *
 *   value = scale[r]*q_scale[j]*dot + norm[r]*q_error[j] + residual[r]*q_norm[j] + offset[r]
 *
 * with the exact dot product of the integers. The pair is a hit unless value < limit[j]; where
 * value is a NaN it is one. Class bound: |got - exact| <= 8*u*(sum of the terms' magnitudes).
 * Sums wrap at 32 bits in between: n <= KAO_SCAN_MOST keeps the dot product itself within. */
enum { KAO_SCAN_ALIGN = 64, KAO_SCAN_MOST = 1 << 17 };

typedef struct kao_scan_hit {
    uint32_t row, query;
    float value;
} kao_scan_hit;

typedef struct kao_scan_args {
    const uint8_t *rows; /* n bytes each, one behind the other, 64-byte aligned */
    size_t n_rows, n;
    const float *scale, *norm, *residual, *offset; /* of rows */
    const void *queries;                           /* packed */
    const int32_t *q_bias; /* -128 times the sum of the query's integers, wrapped */
    const float *q_scale, *q_error, *q_norm, *limit;
    kao_scan_hit *hits; /* room for n_rows * width */
} kao_scan_args;

/* Writes the hits, rows ascending and queries within them; gives how many. */
typedef size_t kao_scan_fn(const kao_scan_args *a);

/* How a slot wants the queries packed: width 1 as they are, wider ones by groups of four
 * integers, the same four of each query side by side. Of words each group is its integers
 * 0 and 2 of each query, then 1 and 3. */
typedef enum kao_scan_form { KAO_SCAN_BYTES, KAO_SCAN_WORDS } kao_scan_form;

typedef struct kao_scan_slot {
    kao_scan_fn *run;
    uint32_t width; /* queries a call */
    kao_scan_form form;
} kao_scan_slot;

enum { KAO_SCAN_SLOTS = 3, KAO_SCAN_WIDEST = 32 };

typedef struct kao_scan_slots {
    kao_scan_slot slot[KAO_SCAN_SLOTS]; /* width ascending, the first 1; n of them */
    uint32_t n;
} kao_scan_slots;

enum { KAO_GEMM_SLOTS = 4 };

typedef struct kao_gemm_slot {
    kao_gemm_fn *run;
    int32_t mr, nr; /* most rows a call; width of a packed panel */
} kao_gemm_slot;

typedef struct kao_gemm_tiles {
    kao_gemm_slot slot[KAO_GEMM_SLOTS]; /* nr ascending; n of them */
    int32_t n;
} kao_gemm_tiles;

typedef struct kao_kernels {
    uint32_t cpu;        /* the mask it was filled for */
    kao_gemm_tiles gemm; /* of float32 */
    kao_gemm_tiles
        pairs; /* of pairs of bfloat16; fast where the mask has KAO_CPU_BF16 */
    kao_to_pairs_fn *to_pairs;
    kao_zip_pairs_fn *zip_pairs;
    kao_dw3_fn *dw3;
    kao_dw_fn *dw;
    kao_wino_in_fn *wino_in2, *wino_in4; /* m = 2, m = 4 */
    kao_wino_out_fn *wino_out2, *wino_out4;
    kao_window_fn *window_max, *window_avg;
    kao_binary_fn *binary;
    kao_unary_fn *unary;
    kao_exp_fn *exp;
    kao_to_pixels_fn *to_pixels;
    kao_to_planes_fn *to_planes;
    kao_dot_rows_fn *dot_rows;
    kao_norm_fn *norm_sums;       /* of x */
    kao_norm_fn *norm_apply;      /* x -> y */
    kao_norm_fn *norm_grad_sums;  /* of dz, dz * x^, g * z where z < 0 */
    kao_norm_fn *norm_grad_apply; /* g -> gradient by x, with the two means */
    kao_scan_slots scan;
} kao_kernels;

/* Fill every slot for the mask (KAO_CPU_* of base/cpu.h). */
void kao_kernels_init(kao_kernels *k, uint32_t cpu);

#endif
