/* The functions behind the rows of op_table.c, by family. */
#ifndef KAO_NN_OPS_OPS_H
#define KAO_NN_OPS_OPS_H

#include "kernels/conv.h"
#include "nn/op.h"

/* binary.c: Add Sub Mul Div Pow Mod, And Or Xor, comparisons, with broadcasting */
typedef struct kao_binary_param { /* of opset 6: broadcast by axis */
    bool legacy;
    int64_t broadcast, axis;
    bool has_axis;
    int64_t fmod; /* of Mod */
} kao_binary_param;
typedef struct kao_binary_state {
    int32_t trailing; /* dimensions of 1 to append to B's shape */
} kao_binary_state;
kao_status kao_op_binary6_load(kao_op_loader *l); /* opset 6 */
kao_status kao_op_binary_infer(kao_op_infer *x);
void kao_op_add_run(const kao_op_call *c);
void kao_op_sub_run(const kao_op_call *c);
void kao_op_mul_run(const kao_op_call *c);
void kao_op_div_run(const kao_op_call *c);
kao_status kao_op_add_lower(kao_op_lower *x);
kao_status kao_op_sub_lower(kao_op_lower *x);
kao_status kao_op_mul_lower(kao_op_lower *x);
kao_status kao_op_pow_infer(kao_op_infer *x);
void kao_op_pow_run(const kao_op_call *c);
kao_status kao_op_mod_load(kao_op_loader *l);
kao_status kao_op_mod_infer(kao_op_infer *x);
void kao_op_mod_run(const kao_op_call *c);
void kao_op_and_run(const kao_op_call *c);
void kao_op_or_run(const kao_op_call *c);
void kao_op_xor_run(const kao_op_call *c);
kao_status kao_op_compare_infer(kao_op_infer *x);
void kao_op_equal_run(const kao_op_call *c);
void kao_op_less_run(const kao_op_call *c);
void kao_op_less_or_equal_run(const kao_op_call *c);
void kao_op_greater_run(const kao_op_call *c);
void kao_op_greater_or_equal_run(const kao_op_call *c);

/* variadic.c: Max Min Sum Mean */
typedef struct kao_variadic_state {
    uint32_t n_in;
} kao_variadic_state;
kao_status kao_op_variadic_infer(kao_op_infer *x);
uint64_t kao_op_variadic_work(const kao_tensor *in, const void *param,
                              const void *state);
void kao_op_max_run(const kao_op_call *c);
void kao_op_min_run(const kao_op_call *c);
void kao_op_sum_run(const kao_op_call *c);
void kao_op_mean_run(const kao_op_call *c);
kao_status kao_op_sum_lower(kao_op_lower *x);

/* map.c: one function of one element each, from its table */
typedef struct kao_map_param {
    double (*f)(double a, const float *k);
    int64_t (*whole)(int64_t a); /* for integers; NULL: f */
    float k[2];                  /* of the attributes */
    bool gives_bool;
} kao_map_param;
kao_status kao_op_map_load(kao_op_loader *l);
kao_status kao_op_gelu_load(kao_op_loader *l);
kao_status kao_op_is_inf_load(kao_op_loader *l);
kao_status kao_op_map_infer(kao_op_infer *x);
void kao_op_map_run(const kao_op_call *c);

/* unary.c: Relu LeakyRelu PRelu Clip Cast Identity Dropout, kernels of Sigmoid and Exp */
typedef struct kao_leaky_param {
    float alpha;
} kao_leaky_param;
typedef struct kao_clip_param { /* of opset 6: bounds as attributes */
    float lo, hi;
    bool inputs;
} kao_clip_param;
typedef struct kao_dropout_param { /* before opset 12 an attribute, then input 1 */
    float ratio;
} kao_dropout_param;
typedef struct kao_prelu_state {
    bool per_channel; /* slope (C) against (N,C,...) */
} kao_prelu_state;
typedef struct kao_cast_param {
    kao_dtype to;
} kao_cast_param;
kao_status kao_op_like_infer(kao_op_infer *x);
void kao_op_relu_run(const kao_op_call *c);
kao_status kao_op_relu_lower(kao_op_lower *x);
kao_status kao_op_sigmoid_lower(kao_op_lower *x);
kao_status kao_op_exp_lower(kao_op_lower *x);
kao_status kao_op_leaky_load(kao_op_loader *l);
void kao_op_leaky_run(const kao_op_call *c);
kao_status kao_op_leaky_lower(kao_op_lower *x);
kao_status kao_op_prelu_infer(kao_op_infer *x);
void kao_op_prelu_run(const kao_op_call *c);
/* Whether the slope is one number, or one a channel (axis 1) of the output. */
bool kao_prelu_is_by_channel(const kao_tensor *slope, const kao_tensor *out,
                             const kao_prelu_state *s);
kao_status kao_op_prelu_lower(kao_op_lower *x);
kao_status kao_op_clip6_load(kao_op_loader *l);
kao_status kao_op_clip_load(kao_op_loader *l);
kao_status kao_op_clip_infer(kao_op_infer *x);
void kao_op_clip_run(const kao_op_call *c);
kao_status kao_op_cast_load(kao_op_loader *l);
kao_status kao_op_cast_infer(kao_op_infer *x);
kao_status kao_op_cast_like_infer(kao_op_infer *x);
void kao_op_cast_run(const kao_op_call *c);
void kao_op_identity_run(const kao_op_call *c);
kao_status kao_op_dropout_load(kao_op_loader *l);
kao_status kao_op_dropout_infer(kao_op_infer *x);
void kao_op_dropout_run(const kao_op_call *c);

/* window.c: sizes of sliding windows (Conv, pools) */
typedef enum kao_auto_pad {
    KAO_PAD_NOTSET,
    KAO_PAD_SAME_UPPER,
    KAO_PAD_SAME_LOWER,
    KAO_PAD_VALID,
} kao_auto_pad;
typedef struct kao_window_param { /* one or two spatial axes */
    int32_t n_axes;               /* of the attributes given; 0: none are */
    bool has_kernel;              /* else it is the weight's */
    int64_t kernel[2], stride[2], dilation[2], pads[4];
    kao_auto_pad auto_pad;
    int64_t ceil_mode;
} kao_window_param;
typedef struct kao_window { /* always two axes: a 1-D input has height 1 */
    int32_t n_axes;
    int64_t kernel[2], stride[2], dilation[2];
    int64_t pad_begin[2], pad_end[2], in[2], out[2];
} kao_window;
kao_status kao_op_window_load(kao_op_loader *l, kao_window_param *p);
/* kernel: the kernel's sizes where the node does not give them. */
kao_status kao_op_window_infer(kao_op_infer *x, const kao_window_param *p,
                               const int64_t *kernel, kao_window *w);
typedef struct kao_taps { /* of one output's window */
    int64_t top, left;    /* where the first one is */
    int64_t y0, y1, x0,
        x1; /* those on the picture: y0 <= row < y1, x0 <= column < x1 */
} kao_taps;
kao_taps kao_window_taps(const kao_window *w, int64_t y, int64_t x);
/* Taps that a mean is divided by along an axis when padding counts. */
int64_t kao_window_padded_taps(const kao_window *w, int axis, int64_t start);
/* Taps of a window, at most as many as there are elements, and one at least, as each is
 * looked for: what one output costs. */
uint64_t kao_window_work(const kao_window *w);
/* Whether a window is of a size that the kernels count with 32 bits; any other is left to
 * the generic form. */
bool kao_window_is_sane(const kao_window *w);
/* A rank 3 tensor as rank 4 with height 1. */
kao_tensor kao_window_view(const kao_tensor *t);

/* conv.c */
typedef struct kao_conv_param {
    kao_window_param window;
    int64_t group;
} kao_conv_param;
typedef struct kao_conv_state {
    kao_window window;
} kao_conv_state;
kao_status kao_op_conv_load(kao_op_loader *l);
kao_status kao_op_conv_infer(kao_op_infer *x);
/* Window and out[0] for the weight that is this input; types are the caller's. */
kao_status kao_infer_conv(kao_op_infer *x, uint32_t weight);
void kao_op_conv_generic_run(const kao_op_call *c);
uint64_t kao_op_conv_work(const kao_tensor *in, const void *param, const void *state);
/* What the kernels are told of a Conv of rank 4 (kao_window_is_sane) and of a matrix product, m
 * rows of k numbers to m of n: a 1x1 convolution whose pixels are the rows. No strides, no
 * epilogue. Sizes fit 32 bits. */
kao_conv kao_conv_of_window(const kao_window *w, int64_t groups, const kao_tensor *in,
                            const kao_tensor *out);
kao_conv kao_conv_of_rows(int64_t m, int64_t k, int64_t n);

/* conv_transpose.c */
typedef struct kao_conv_transpose_param {
    kao_window_param window;
    int64_t group, padding[2], shape[2]; /* output_padding, output_shape */
    int32_t n_padding, n_shape;
} kao_conv_transpose_param;
kao_status kao_op_conv_transpose_load(kao_op_loader *l);
kao_status kao_op_conv_transpose_infer(kao_op_infer *x);
void kao_op_conv_transpose_run(const kao_op_call *c);
uint64_t kao_op_conv_transpose_work(const kao_tensor *in, const void *param,
                                    const void *state);

/* pool.c: MaxPool AveragePool LpPool */
typedef struct kao_pool_param {
    kao_window_param window;
    int64_t count_include_pad, storage_order, power;
} kao_pool_param;
typedef struct kao_pool_state {
    kao_window window;
} kao_pool_state;
kao_status kao_op_max_pool_load(kao_op_loader *l);
kao_status kao_op_average_pool_load(kao_op_loader *l);
kao_status kao_op_lp_pool_load(kao_op_loader *l);
void kao_op_lp_pool_run(const kao_op_call *c);
kao_status kao_op_max_pool_infer(kao_op_infer *x);
kao_status kao_op_average_pool_infer(kao_op_infer *x);
void kao_op_max_pool_run(const kao_op_call *c);
void kao_op_average_pool_run(const kao_op_call *c);
uint64_t kao_op_pool_work(const kao_tensor *in, const void *param, const void *state);
kao_status kao_op_max_pool_lower(kao_op_lower *x);
kao_status kao_op_average_pool_lower(kao_op_lower *x);

/* reduce.c: ReduceMean and its kin, GlobalAveragePool GlobalMaxPool, ArgMax ArgMin */
typedef enum kao_reduce_end { /* what becomes of the sum */
                              KAO_REDUCE_SUM,
                              KAO_REDUCE_MEAN,
                              KAO_REDUCE_ROOT,
                              KAO_REDUCE_LOG,
                              KAO_REDUCE_LOG_EXP,
} kao_reduce_end;
typedef struct kao_reducer kao_reducer;
typedef struct kao_reduce_param {
    const kao_reducer *how;
    int64_t axes[KAO_MAX_RANK];
    size_t n_axes;
    int64_t keepdims, noop_empty;
    bool axes_input;
} kao_reduce_param;
typedef struct kao_reduce_state {
    bool reduced[KAO_MAX_RANK]; /* by axis of the input */
    bool keepdims;
} kao_reduce_state;
typedef struct kao_arg_param {
    int64_t axis, keepdims, last;
    bool smallest;
} kao_arg_param;
typedef struct kao_axis_state {
    int32_t axis;
} kao_axis_state;
kao_status kao_op_reduce_load(kao_op_loader *l);
kao_status kao_op_reduce18_load(kao_op_loader *l); /* axes are input 1 */
kao_status kao_op_reduce_infer(kao_op_infer *x);
void kao_op_reduce_run(const kao_op_call *c);
kao_status kao_op_reduce_lower(kao_op_lower *x);
kao_status kao_op_global_pool_load(kao_op_loader *l);
kao_status kao_op_global_pool_infer(kao_op_infer *x);
kao_status kao_op_arg_load(kao_op_loader *l);
kao_status kao_op_arg_infer(kao_op_infer *x);
void kao_op_arg_run(const kao_op_call *c);

/* softmax.c: Softmax LogSoftmax Hardmax LpNormalization */
typedef enum kao_softmax_kind {
    KAO_SOFTMAX,
    KAO_LOG_SOFTMAX,
    KAO_HARDMAX,
} kao_softmax_kind;
typedef struct kao_softmax_param {
    kao_softmax_kind kind;
    int64_t axis;
    bool flatten; /* before opset 13: all axes from this one on */
} kao_softmax_param;
typedef struct kao_lp_norm_param {
    int64_t axis, p;
} kao_lp_norm_param;
kao_status kao_op_softmax_load(kao_op_loader *l);
kao_status kao_op_softmax13_load(kao_op_loader *l);
kao_status kao_op_softmax_infer(kao_op_infer *x);
void kao_op_softmax_run(const kao_op_call *c);
kao_status kao_op_lp_norm_load(kao_op_loader *l);
kao_status kao_op_lp_norm_infer(kao_op_infer *x);
void kao_op_lp_norm_run(const kao_op_call *c);

/* spread.c: Expand Tile Where DepthToSpace SpaceToDepth */
typedef struct kao_blocks_param {
    int64_t block;
    bool columns_first; /* mode CRD */
} kao_blocks_param;
kao_status kao_op_expand_infer(kao_op_infer *x);
void kao_op_expand_run(const kao_op_call *c);
kao_status kao_op_tile_infer(kao_op_infer *x);
void kao_op_tile_run(const kao_op_call *c);
kao_status kao_op_where_infer(kao_op_infer *x);
void kao_op_where_run(const kao_op_call *c);
kao_status kao_op_blocks_load(kao_op_loader *l);
kao_status kao_op_depth_to_space_infer(kao_op_infer *x);
void kao_op_depth_to_space_run(const kao_op_call *c);
kao_status kao_op_space_to_depth_infer(kao_op_infer *x);
void kao_op_space_to_depth_run(const kao_op_call *c);

/* batch_norm.c */
typedef struct kao_batch_norm_param {
    float epsilon;
} kao_batch_norm_param;
kao_status kao_op_batch_norm_load(kao_op_loader *l);
kao_status kao_op_batch_norm_infer(kao_op_infer *x);
void kao_op_batch_norm_run(const kao_op_call *c);

/* matmul.c: MatMul Gemm */
typedef struct kao_gemm_param {
    float alpha, beta;
    int64_t trans_a, trans_b;
} kao_gemm_param;
kao_status kao_op_gemm_load(kao_op_loader *l);
kao_status kao_op_gemm_infer(kao_op_infer *x);
void kao_op_gemm_run(const kao_op_call *c);
uint64_t kao_op_gemm_work(const kao_tensor *in, const void *param, const void *state);
kao_status kao_op_matmul_infer(kao_op_infer *x);
/* out[0] of the matrix product of inputs ia and ib; its type is ia's. */
kao_status kao_infer_product(kao_op_infer *x, uint32_t ia, uint32_t ib);
typedef struct kao_dot { /* one number of the product: k numbers of a and of b */
    int64_t k, row, col;
    int64_t a, a_step, b, b_step, out; /* elements */
} kao_dot;
/* run, for each number of the products of a and b, matrices of any rank. */
void kao_run_products(const kao_tensor *a, const kao_tensor *b, const kao_tensor *o,
                      void (*run)(const kao_dot *d, void *user), void *user);
void kao_op_matmul_run(const kao_op_call *c);
uint64_t kao_op_matmul_work(const kao_tensor *in, const void *param, const void *state);

/* shape.c: Shape Size Reshape Flatten Transpose Squeeze Unsqueeze Constant ConstantOfShape */
typedef struct kao_axis_param { /* of all that have one integer for an attribute */
    int64_t axis;               /* or batch_dims, upper, center_point_box */
} kao_axis_param;
typedef struct kao_reshape_param {
    int64_t allow_zero; /* 0 is a size, not "as the input has it" */
} kao_reshape_param;
typedef struct kao_axes_param { /* Squeeze, Unsqueeze */
    int64_t axes[KAO_MAX_RANK];
    size_t n;
    bool input; /* the axes are input 1 */
} kao_axes_param;
typedef struct kao_perm_param {
    int64_t perm[KAO_MAX_RANK];
    size_t n; /* 0: the axes backwards */
} kao_perm_param;
typedef struct kao_perm_state {
    int32_t perm[KAO_MAX_RANK];
} kao_perm_state;
typedef struct kao_shape_param {
    int64_t start, end;
} kao_shape_param;
typedef struct kao_constant_param {
    const kao_onnx_tensor *value;
} kao_constant_param;
kao_status kao_op_shape_load(kao_op_loader *l);
kao_status kao_op_shape_infer(kao_op_infer *x);
void kao_op_shape_run(const kao_op_call *c);
kao_status kao_op_reshape_load(kao_op_loader *l);
kao_status kao_op_reshape_infer(kao_op_infer *x);
void kao_op_reshape_run(const kao_op_call *c);
bool kao_op_reshape_view(const void *state, const kao_tensor *in, uint32_t i,
                         kao_tensor *out, int64_t *offset);
kao_status kao_op_flatten_load(kao_op_loader *l);
kao_status kao_op_flatten_infer(kao_op_infer *x);
kao_status kao_op_axes_load(kao_op_loader *l);
kao_status kao_op_axes13_load(kao_op_loader *l); /* input 1 */
kao_status kao_op_squeeze_infer(kao_op_infer *x);
kao_status kao_op_size_infer(kao_op_infer *x);
void kao_op_size_run(const kao_op_call *c);
kao_status kao_op_unsqueeze_infer(kao_op_infer *x);
kao_status kao_op_transpose_load(kao_op_loader *l);
kao_status kao_op_transpose_infer(kao_op_infer *x);
void kao_op_transpose_run(const kao_op_call *c);
bool kao_op_transpose_view(const void *state, const kao_tensor *in, uint32_t i,
                           kao_tensor *out, int64_t *offset);
kao_status kao_op_constant_load(kao_op_loader *l);
kao_status kao_op_constant_infer(kao_op_infer *x);
void kao_op_constant_run(const kao_op_call *c);
const kao_onnx_tensor *kao_op_constant_value(const void *param);
kao_status kao_op_constant_of_shape_load(kao_op_loader *l);
kao_status kao_op_constant_of_shape_infer(kao_op_infer *x);
void kao_op_constant_of_shape_run(const kao_op_call *c);

/* join.c: Concat Split; pick.c: Slice Gather Pad */
typedef struct kao_split_state {
    int32_t axis;
    int64_t *begin; /* of every part, also of those without a name, and the end */
} kao_split_state;
typedef struct kao_split_param {
    int64_t axis, num_outputs;
    const int64_t *split; /* NULL: input, or equal parts */
    size_t n_split;
    bool input;
} kao_split_param;
typedef struct kao_slice_param {
    int64_t starts[KAO_MAX_RANK], ends[KAO_MAX_RANK], axes[KAO_MAX_RANK];
    size_t n, n_axes;
    bool inputs;
} kao_slice_param;
typedef struct kao_slice_state {
    int64_t start[KAO_MAX_RANK], step[KAO_MAX_RANK];
} kao_slice_state;
typedef enum kao_pad_mode {
    KAO_PADDING_CONSTANT,
    KAO_PADDING_REFLECT,
    KAO_PADDING_EDGE,
    KAO_PADDING_WRAP,
} kao_pad_mode;
typedef struct kao_pad_param {
    kao_pad_mode mode;
    int64_t pads[2 * KAO_MAX_RANK];
    size_t n;
    float value;
    bool inputs;
} kao_pad_param;
typedef struct kao_pad_state {
    int64_t begin[KAO_MAX_RANK];
} kao_pad_state;
kao_status kao_op_concat_load(kao_op_loader *l);
kao_status kao_op_concat_infer(kao_op_infer *x);
void kao_op_concat_run(const kao_op_call *c);
kao_status kao_op_split_load(kao_op_loader *l);
kao_status kao_op_split13_load(kao_op_loader *l);
kao_status kao_op_split_infer(kao_op_infer *x);
void kao_op_split_run(const kao_op_call *c);
bool kao_op_split_view(const void *state, const kao_tensor *in, uint32_t i,
                       kao_tensor *out, int64_t *offset);
kao_status kao_op_slice_load(kao_op_loader *l);
kao_status kao_op_slice10_load(kao_op_loader *l);
kao_status kao_op_slice_infer(kao_op_infer *x);
void kao_op_slice_run(const kao_op_call *c);
bool kao_op_slice_view(const void *state, const kao_tensor *in, uint32_t i,
                       kao_tensor *out, int64_t *offset);
kao_status kao_op_gather_load(kao_op_loader *l);
kao_status kao_op_gather_infer(kao_op_infer *x);
void kao_op_gather_run(const kao_op_call *c);
kao_status kao_op_pad_load(kao_op_loader *l);
kao_status kao_op_pad11_load(kao_op_loader *l);
kao_status kao_op_pad_infer(kao_op_infer *x);
void kao_op_pad_run(const kao_op_call *c);

/* resize.c: Resize Upsample */
typedef enum kao_resize_coord {
    KAO_COORD_HALF_PIXEL,
    KAO_COORD_PYTORCH_HALF_PIXEL,
    KAO_COORD_HALF_PIXEL_SYMMETRIC,
    KAO_COORD_ALIGN_CORNERS,
    KAO_COORD_ASYMMETRIC,
    KAO_COORD_TF_HALF_PIXEL,
    KAO_COORD_TF_CROP,
} kao_resize_coord;
typedef enum kao_resize_round {
    KAO_ROUND_PREFER_FLOOR,
    KAO_ROUND_PREFER_CEIL,
    KAO_ROUND_FLOOR,
    KAO_ROUND_CEIL,
    KAO_ROUND_OPSET_10, /* floor, and ceil on an axis that shrinks */
} kao_resize_round;
typedef enum kao_resize_mode {
    KAO_RESIZE_NEAREST,
    KAO_RESIZE_LINEAR,
    KAO_RESIZE_CUBIC,
} kao_resize_mode;
typedef struct kao_resize_param {
    kao_resize_mode mode;
    bool antialias, exclude_outside;
    float cubic_a;
    kao_resize_coord coord;
    kao_resize_round round;
    float extrapolation;
    int64_t axes[KAO_MAX_RANK];
    size_t n_axes;
    int policy;                       /* 0 stretch, 1 not_larger, 2 not_smaller */
    uint32_t roi, scales, sizes;      /* inputs; 0: none */
    float fixed_scales[KAO_MAX_RANK]; /* Upsample 7 */
    size_t n_fixed;
} kao_resize_param;
typedef struct kao_resize_axis { /* for each output index */
    int32_t taps;
    int32_t *from;  /* the neighbours, `taps` each; -1: extrapolate */
    double *weight; /* theirs */
    bool same;      /* the axis is copied as it is */
} kao_resize_axis;
typedef struct kao_resize_state {
    kao_resize_axis axis[KAO_MAX_RANK];
} kao_resize_state;
kao_status kao_op_upsample7_load(kao_op_loader *l);
kao_status kao_op_upsample9_load(kao_op_loader *l);
kao_status kao_op_resize10_load(kao_op_loader *l);
kao_status kao_op_resize11_load(kao_op_loader *l);
kao_status kao_op_resize_infer(kao_op_infer *x);
void kao_op_resize_run(const kao_op_call *c);
uint64_t kao_op_resize_work(const kao_tensor *in, const void *param, const void *state);
kao_status kao_op_resize_lower(kao_op_lower *x);

/* nms.c: NonMaxSuppression */
typedef struct kao_nms_state {
    int64_t *picked; /* batch, class, box of each */
    int64_t n;
} kao_nms_state;
kao_status kao_op_nms_load(kao_op_loader *l);
kao_status kao_op_nms_infer(kao_op_infer *x);
void kao_op_nms_run(const kao_op_call *c);

/* quantize.c: DequantizeLinear QuantizeLinear DynamicQuantizeLinear */
typedef struct kao_quant_param {
    int64_t axis, block;
    kao_dtype to; /* of QuantizeLinear; KAO_DTYPE_NONE: the zero point's, or uint8 */
} kao_quant_param;
typedef struct kao_quant_state {
    int32_t axis; /* -1: one scale */
} kao_quant_state;
kao_status kao_op_dequant_load(kao_op_loader *l);
kao_status kao_op_dequant_infer(kao_op_infer *x);
void kao_op_dequant_run(const kao_op_call *c);
kao_status kao_op_quant_load(kao_op_loader *l);
kao_status kao_op_quant_infer(kao_op_infer *x);
void kao_op_quant_run(const kao_op_call *c);
kao_status kao_op_dynamic_quant_infer(kao_op_infer *x);
void kao_op_dynamic_quant_run(const kao_op_call *c);

/* qlinear.c: MatMulInteger ConvInteger QLinearMatMul QLinearConv */
kao_status kao_op_matmul_integer_infer(kao_op_infer *x);
void kao_op_matmul_integer_run(const kao_op_call *c);
kao_status kao_op_qlinear_matmul_infer(kao_op_infer *x);
void kao_op_qlinear_matmul_run(const kao_op_call *c);
kao_status kao_op_conv_integer_infer(kao_op_infer *x);
void kao_op_conv_integer_run(const kao_op_call *c);
kao_status kao_op_qlinear_conv_infer(kao_op_infer *x);
void kao_op_qlinear_conv_run(const kao_op_call *c);

/* norm.c: InstanceNormalization GroupNormalization LayerNormalization LRN */
typedef struct kao_norm_param {
    float epsilon;
    int64_t axis, groups;
    bool scale_by_group; /* else by channel */
} kao_norm_param;
typedef struct kao_lrn_param {
    float alpha, beta, bias;
    int64_t size;
} kao_lrn_param;
kao_status kao_op_instance_norm_load(kao_op_loader *l);
kao_status kao_op_instance_norm_infer(kao_op_infer *x);
void kao_op_instance_norm_run(const kao_op_call *c);
kao_status kao_op_group_norm_load(kao_op_loader *l);
kao_status kao_op_group_norm_infer(kao_op_infer *x);
void kao_op_group_norm_run(const kao_op_call *c);
kao_status kao_op_layer_norm_load(kao_op_loader *l);
kao_status kao_op_layer_norm_infer(kao_op_infer *x);
void kao_op_layer_norm_run(const kao_op_call *c);
kao_status kao_op_lrn_load(kao_op_loader *l);
kao_status kao_op_lrn_infer(kao_op_infer *x);
uint64_t kao_op_lrn_work(const kao_tensor *in, const void *param, const void *state);
void kao_op_lrn_run(const kao_op_call *c);

/* index.c: GatherElements GatherND ScatterElements ScatterND OneHot */
typedef enum kao_reduction { /* what a scattered number does to the one there */
                             KAO_REDUCTION_NONE,
                             KAO_REDUCTION_ADD,
                             KAO_REDUCTION_MUL,
                             KAO_REDUCTION_MAX,
                             KAO_REDUCTION_MIN,
} kao_reduction;
typedef struct kao_scatter_param {
    int64_t axis;
    kao_reduction reduction;
} kao_scatter_param;
kao_status kao_op_gather_elements_infer(kao_op_infer *x);
void kao_op_gather_elements_run(const kao_op_call *c);
kao_status kao_op_scatter_elements_load(kao_op_loader *l);
kao_status kao_op_scatter_elements_infer(kao_op_infer *x);
void kao_op_scatter_elements_run(const kao_op_call *c);
kao_status kao_op_gather_nd_load(kao_op_loader *l);
kao_status kao_op_gather_nd_infer(kao_op_infer *x);
void kao_op_gather_nd_run(const kao_op_call *c);
kao_status kao_op_scatter_nd_load(kao_op_loader *l);
kao_status kao_op_scatter_nd_infer(kao_op_infer *x);
void kao_op_scatter_nd_run(const kao_op_call *c);
kao_status kao_op_one_hot_load(kao_op_loader *l);
kao_status kao_op_one_hot_infer(kao_op_infer *x);
void kao_op_one_hot_run(const kao_op_call *c);

/* order.c: CumSum TopK Trilu NonZero Range */
typedef struct kao_cum_sum_param {
    int64_t exclusive, reverse;
} kao_cum_sum_param;
typedef struct kao_top_k_param {
    int64_t axis, k, largest; /* k: where it is no input */
} kao_top_k_param;
typedef struct kao_top_k_state {
    int32_t axis;
    int64_t k;
} kao_top_k_state;
kao_status kao_op_cum_sum_load(kao_op_loader *l);
kao_status kao_op_cum_sum_infer(kao_op_infer *x);
void kao_op_cum_sum_run(const kao_op_call *c);
kao_status kao_op_top_k_load(kao_op_loader *l);
kao_status kao_op_top_k_infer(kao_op_infer *x);
uint64_t kao_op_top_k_work(const kao_tensor *in, const void *param, const void *state);
void kao_op_top_k_run(const kao_op_call *c);
kao_status kao_op_trilu_load(kao_op_loader *l);
kao_status kao_op_trilu_infer(kao_op_infer *x);
void kao_op_trilu_run(const kao_op_call *c);
kao_status kao_op_non_zero_infer(kao_op_infer *x);
void kao_op_non_zero_run(const kao_op_call *c);
kao_status kao_op_range_infer(kao_op_infer *x);
void kao_op_range_run(const kao_op_call *c);

/* einsum.c */
enum {
    KAO_EINSUM_OPERANDS = 4,
    KAO_EINSUM_AXES = KAO_MAX_RANK, /* letters and axes of "..." in all */
};
typedef struct kao_einsum_term {
    char letter[KAO_MAX_RANK + 1]; /* "..." as one '.' */
    size_t n;
} kao_einsum_term;
typedef struct kao_einsum_param {
    kao_einsum_term in[KAO_EINSUM_OPERANDS], out;
    size_t n_in;
} kao_einsum_param;
typedef struct kao_einsum_state {
    char letter[KAO_EINSUM_AXES]; /* by axis; those of "..." come first */
    int64_t dims[KAO_EINSUM_AXES];
    bool kept[KAO_EINSUM_AXES]; /* in the output */
    int32_t n_axes, n_dots;
    int8_t axis[KAO_EINSUM_OPERANDS][KAO_MAX_RANK], out[KAO_MAX_RANK];
} kao_einsum_state;
kao_status kao_op_einsum_load(kao_op_loader *l);
kao_status kao_op_einsum_infer(kao_op_infer *x);
uint64_t kao_op_einsum_work(const kao_tensor *in, const void *param, const void *state);
void kao_op_einsum_run(const kao_op_call *c);

/* train_conv.c */
kao_status kao_op_conv_train(kao_tape *t, kao_tape_step *s);
kao_status kao_op_gemm_train(kao_tape *t, kao_tape_step *s);

/* train_norm.c */
kao_status kao_op_batch_norm_train(kao_tape *t, kao_tape_step *s);
kao_status kao_op_lp_norm_train(kao_tape *t, kao_tape_step *s);

/* train_map.c */
kao_status kao_op_act_train(kao_tape *t, kao_tape_step *s); /* Relu LeakyRelu PRelu */
kao_status kao_op_clip_train(kao_tape *t, kao_tape_step *s);
kao_status kao_op_sigmoid_train(kao_tape *t, kao_tape_step *s);
kao_status kao_op_dropout_train(kao_tape *t, kao_tape_step *s);
kao_status kao_op_add_train(kao_tape *t, kao_tape_step *s);
kao_status kao_op_mul_train(kao_tape *t, kao_tape_step *s);

/* train_shape.c */
kao_status kao_op_reshape_train(kao_tape *t, kao_tape_step *s); /* Flatten too */
kao_status kao_op_concat_train(kao_tape *t, kao_tape_step *s);

/* train_pool.c */
kao_status kao_op_max_pool_train(kao_tape *t, kao_tape_step *s);
kao_status kao_op_average_pool_train(kao_tape *t, kao_tape_step *s);
kao_status kao_op_global_pool_train(kao_tape *t, kao_tape_step *s);
kao_status kao_op_resize_train(kao_tape *t, kao_tape_step *s);

#endif
