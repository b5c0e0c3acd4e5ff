/* The operator table: one row for each operator and each version of it that differs in form
 * (sorted by name, then since: a test checks). docs/operators.md and `kao model ops` are
 * made from these rows. */
#include "nn/ops/ops.h"

#define SIZES(P, S) sizeof(P), sizeof(S)
#define PARAM(P)    sizeof(P), 0
#define STATE(S)    0, sizeof(S)
#define NO_SIZES    0, 0
#define MANY        KAO_ANY_NUMBER
#define CONV_ATTRS  " auto_pad dilations group kernel_shape pads strides "
#define POOL_ATTRS  " auto_pad ceil_mode kernel_shape pads strides "
/* clang-format off */
#define RESIZE_ATTRS                                                                        \
    " mode coordinate_transformation_mode nearest_mode extrapolation_value cubic_coeff_a "  \
    "exclude_outside antialias axes keep_aspect_ratio_policy "
/* clang-format on */

/* clang-format off */
static const kao_op rows[] = {
    /* name, since-until, inputs, outputs, kind, types, sizes, attributes, load, infer, run */
    { "Add", 6, 6, 2, 2, 1, KAO_OP_OTHER, KAO_T_NUM, SIZES(kao_binary_param, kao_binary_state),
      " broadcast axis consumed_inputs ", kao_op_binary6_load, kao_op_binary_infer, kao_op_add_run },
    { "Add", 7, 0, 2, 2, 1, KAO_OP_ADD, KAO_T_NUM, SIZES(kao_binary_param, kao_binary_state),
      "", NULL, kao_op_binary_infer, kao_op_add_run },
    { "AveragePool", 1, 0, 1, 1, 1, KAO_OP_AVERAGE_POOL, KAO_T_F32, SIZES(kao_pool_param, kao_pool_state),
      POOL_ATTRS "count_include_pad dilations ", kao_op_average_pool_load, kao_op_average_pool_infer, kao_op_average_pool_run },
    { "BatchNormalization", 6, 0, 5, 5, 5, KAO_OP_BATCH_NORM, KAO_T_F32, PARAM(kao_batch_norm_param),
      " epsilon momentum spatial is_test consumed_inputs training_mode ", kao_op_batch_norm_load, kao_op_batch_norm_infer, kao_op_batch_norm_run },
    { "Cast", 6, 0, 1, 1, 1, KAO_OP_OTHER, KAO_T_ALL | KAO_T_F16, PARAM(kao_cast_param),
      " to saturate round_mode ", kao_op_cast_load, kao_op_cast_infer, kao_op_cast_run },
    { "Clip", 6, 10, 1, 1, 1, KAO_OP_CLIP, KAO_T_F32, PARAM(kao_clip_param),
      " min max consumed_inputs ", kao_op_clip6_load, kao_op_clip_infer, kao_op_clip_run },
    { "Clip", 11, 0, 1, 3, 1, KAO_OP_CLIP, KAO_T_NUM, PARAM(kao_clip_param),
      "", kao_op_clip_load, kao_op_clip_infer, kao_op_clip_run },
    { "Concat", 4, 0, 1, MANY, 1, KAO_OP_CONCAT, KAO_T_ALL, SIZES(kao_concat_param, kao_axis_state),
      " axis ", kao_op_concat_load, kao_op_concat_infer, kao_op_concat_run },
    { "Constant", 1, 0, 0, 0, 1, KAO_OP_OTHER, KAO_T_ALL | KAO_T_F16, PARAM(kao_constant_param),
      " value value_float value_floats value_int value_ints ", kao_op_constant_load, kao_op_constant_infer, kao_op_constant_run },
    { "ConstantOfShape", 9, 0, 1, 1, 1, KAO_OP_OTHER, KAO_T_I64, PARAM(kao_constant_param),
      " value ", kao_op_constant_of_shape_load, kao_op_constant_of_shape_infer, kao_op_constant_of_shape_run },
    { "Conv", 1, 0, 2, 3, 1, KAO_OP_CONV, KAO_T_F32, SIZES(kao_conv_param, kao_conv_state),
      CONV_ATTRS, kao_op_conv_load, kao_op_conv_infer, kao_op_conv_generic_run },
    { "DequantizeLinear", 10, 0, 2, 3, 1, KAO_OP_OTHER, KAO_T_U8 | KAO_T_I8 | KAO_T_I32, SIZES(kao_dequant_param, kao_dequant_state),
      " axis block_size output_dtype ", kao_op_dequant_load, kao_op_dequant_infer, kao_op_dequant_run },
    { "Div", 6, 6, 2, 2, 1, KAO_OP_OTHER, KAO_T_NUM, SIZES(kao_binary_param, kao_binary_state),
      " broadcast axis consumed_inputs ", kao_op_binary6_load, kao_op_binary_infer, kao_op_div_run },
    { "Div", 7, 0, 2, 2, 1, KAO_OP_OTHER, KAO_T_NUM, SIZES(kao_binary_param, kao_binary_state),
      "", NULL, kao_op_binary_infer, kao_op_div_run },
    { "Dropout", 6, 0, 1, 3, 2, KAO_OP_IDENTITY, KAO_T_F32, NO_SIZES,
      " ratio is_test consumed_inputs seed ", NULL, kao_op_dropout_infer, kao_op_dropout_run },
    { "Exp", 6, 0, 1, 1, 1, KAO_OP_OTHER, KAO_T_F32, NO_SIZES,
      " consumed_inputs ", NULL, kao_op_like_infer, kao_op_exp_run },
    { "Flatten", 1, 0, 1, 1, 1, KAO_OP_FLATTEN, KAO_T_ALL, PARAM(kao_axes_param),
      " axis ", kao_op_flatten_load, kao_op_flatten_infer, kao_op_reshape_run },
    { "Gather", 1, 0, 2, 2, 1, KAO_OP_OTHER, KAO_T_ALL, SIZES(kao_concat_param, kao_axis_state),
      " axis ", kao_op_gather_load, kao_op_gather_infer, kao_op_gather_run },
    { "Gemm", 6, 0, 2, 3, 1, KAO_OP_GEMM, KAO_T_F32, PARAM(kao_gemm_param),
      " alpha beta transA transB broadcast ", kao_op_gemm_load, kao_op_gemm_infer, kao_op_gemm_run },
    { "GlobalAveragePool", 1, 0, 1, 1, 1, KAO_OP_GLOBAL_AVERAGE_POOL, KAO_T_F32, STATE(kao_reduce_state),
      "", NULL, kao_op_global_pool_infer, kao_op_reduce_mean_run },
    { "Identity", 1, 0, 1, 1, 1, KAO_OP_IDENTITY, KAO_T_ALL, NO_SIZES,
      "", NULL, kao_op_like_infer, kao_op_identity_run },
    { "LeakyRelu", 6, 0, 1, 1, 1, KAO_OP_LEAKY_RELU, KAO_T_F32, PARAM(kao_leaky_param),
      " alpha consumed_inputs ", kao_op_leaky_load, kao_op_like_infer, kao_op_leaky_run },
    { "LpNormalization", 1, 0, 1, 1, 1, KAO_OP_OTHER, KAO_T_F32, SIZES(kao_reduce_param, kao_reduce_state),
      " axis p ", kao_op_lp_norm_load, kao_op_softmax_infer, kao_op_lp_norm_run },
    { "MatMul", 1, 0, 2, 2, 1, KAO_OP_MATMUL, KAO_T_F32, NO_SIZES,
      "", NULL, kao_op_matmul_infer, kao_op_matmul_run },
    { "MaxPool", 1, 0, 1, 1, 2, KAO_OP_MAX_POOL, KAO_T_F32 | KAO_T_U8 | KAO_T_I8, SIZES(kao_pool_param, kao_pool_state),
      POOL_ATTRS "dilations storage_order ", kao_op_max_pool_load, kao_op_max_pool_infer, kao_op_max_pool_run },
    { "Mul", 6, 6, 2, 2, 1, KAO_OP_OTHER, KAO_T_NUM, SIZES(kao_binary_param, kao_binary_state),
      " broadcast axis consumed_inputs ", kao_op_binary6_load, kao_op_binary_infer, kao_op_mul_run },
    { "Mul", 7, 0, 2, 2, 1, KAO_OP_MUL, KAO_T_NUM, SIZES(kao_binary_param, kao_binary_state),
      "", NULL, kao_op_binary_infer, kao_op_mul_run },
    { "PRelu", 6, 6, 2, 2, 1, KAO_OP_PRELU, KAO_T_F32, STATE(kao_prelu_state),
      " consumed_inputs ", NULL, kao_op_prelu_infer, kao_op_prelu_run },
    { "PRelu", 7, 0, 2, 2, 1, KAO_OP_PRELU, KAO_T_F32 | KAO_T_I64 | KAO_T_I32, STATE(kao_prelu_state),
      " consumed_inputs ", NULL, kao_op_prelu_infer, kao_op_prelu_run },
    { "Pad", 2, 10, 1, 1, 1, KAO_OP_OTHER, KAO_T_F32, SIZES(kao_pad_param, kao_pad_state),
      " mode pads value ", kao_op_pad_load, kao_op_pad_infer, kao_op_pad_run },
    { "Pad", 11, 18, 2, 4, 1, KAO_OP_OTHER, KAO_T_ALL, SIZES(kao_pad_param, kao_pad_state),
      " mode ", kao_op_pad11_load, kao_op_pad_infer, kao_op_pad_run },
    { "Pad", 19, 0, 2, 4, 1, KAO_OP_OTHER, KAO_T_ALL, SIZES(kao_pad_param, kao_pad_state),
      " mode ", kao_op_pad11_load, kao_op_pad_infer, kao_op_pad_run },
    { "Pow", 1, 6, 2, 2, 1, KAO_OP_OTHER, KAO_T_F32, SIZES(kao_binary_param, kao_binary_state),
      " broadcast axis ", kao_op_binary6_load, kao_op_pow_infer, kao_op_pow_run },
    { "Pow", 7, 0, 2, 2, 1, KAO_OP_OTHER, KAO_T_NUM, SIZES(kao_binary_param, kao_binary_state),
      "", NULL, kao_op_pow_infer, kao_op_pow_run },
    { "ReduceMean", 1, 17, 1, 1, 1, KAO_OP_OTHER, KAO_T_F32, SIZES(kao_reduce_param, kao_reduce_state),
      " axes keepdims ", kao_op_reduce_load, kao_op_reduce_infer, kao_op_reduce_mean_run },
    { "ReduceMean", 18, 0, 1, 2, 1, KAO_OP_OTHER, KAO_T_F32, SIZES(kao_reduce_param, kao_reduce_state),
      " keepdims noop_with_empty_axes ", kao_op_reduce18_load, kao_op_reduce_infer, kao_op_reduce_mean_run },
    { "Relu", 6, 0, 1, 1, 1, KAO_OP_RELU, KAO_T_NUM, NO_SIZES,
      " consumed_inputs ", NULL, kao_op_like_infer, kao_op_relu_run },
    { "Reshape", 5, 0, 2, 2, 1, KAO_OP_RESHAPE, KAO_T_ALL, PARAM(kao_axes_param),
      " allowzero ", kao_op_reshape_load, kao_op_reshape_infer, kao_op_reshape_run },
    { "Resize", 10, 10, 2, 2, 1, KAO_OP_RESIZE, KAO_T_ALL, SIZES(kao_resize_param, kao_resize_state),
      " mode ", kao_op_resize10_load, kao_op_resize_infer, kao_op_resize_run },
    { "Resize", 11, 0, 1, 4, 1, KAO_OP_RESIZE, KAO_T_ALL, SIZES(kao_resize_param, kao_resize_state),
      RESIZE_ATTRS, kao_op_resize11_load, kao_op_resize_infer, kao_op_resize_run },
    { "Shape", 1, 0, 1, 1, 1, KAO_OP_OTHER, KAO_T_ALL, PARAM(kao_shape_param),
      " start end ", kao_op_shape_load, kao_op_shape_infer, kao_op_shape_run },
    { "Sigmoid", 6, 0, 1, 1, 1, KAO_OP_SIGMOID, KAO_T_F32, NO_SIZES,
      " consumed_inputs ", NULL, kao_op_like_infer, kao_op_sigmoid_run },
    { "Slice", 1, 9, 1, 1, 1, KAO_OP_OTHER, KAO_T_ALL, SIZES(kao_slice_param, kao_slice_state),
      " starts ends axes ", kao_op_slice_load, kao_op_slice_infer, kao_op_slice_run },
    { "Slice", 10, 0, 3, 5, 1, KAO_OP_OTHER, KAO_T_ALL, SIZES(kao_slice_param, kao_slice_state),
      "", kao_op_slice10_load, kao_op_slice_infer, kao_op_slice_run },
    { "Softmax", 1, 12, 1, 1, 1, KAO_OP_OTHER, KAO_T_F32, SIZES(kao_reduce_param, kao_reduce_state),
      " axis ", kao_op_softmax_load, kao_op_softmax_infer, kao_op_softmax_run },
    { "Softmax", 13, 0, 1, 1, 1, KAO_OP_OTHER, KAO_T_F32, SIZES(kao_reduce_param, kao_reduce_state),
      " axis ", kao_op_softmax13_load, kao_op_softmax_infer, kao_op_softmax_run },
    { "Split", 2, 12, 1, 1, MANY, KAO_OP_SPLIT, KAO_T_ALL, SIZES(kao_split_param, kao_split_state),
      " axis split ", kao_op_split_load, kao_op_split_infer, kao_op_split_run },
    { "Split", 13, 0, 1, 2, MANY, KAO_OP_SPLIT, KAO_T_ALL, SIZES(kao_split_param, kao_split_state),
      " axis num_outputs ", kao_op_split13_load, kao_op_split_infer, kao_op_split_run },
    { "Sub", 6, 6, 2, 2, 1, KAO_OP_OTHER, KAO_T_NUM, SIZES(kao_binary_param, kao_binary_state),
      " broadcast axis consumed_inputs ", kao_op_binary6_load, kao_op_binary_infer, kao_op_sub_run },
    { "Sub", 7, 0, 2, 2, 1, KAO_OP_OTHER, KAO_T_NUM, SIZES(kao_binary_param, kao_binary_state),
      "", NULL, kao_op_binary_infer, kao_op_sub_run },
    { "Transpose", 1, 0, 1, 1, 1, KAO_OP_TRANSPOSE, KAO_T_ALL, SIZES(kao_axes_param, kao_perm_state),
      " perm ", kao_op_transpose_load, kao_op_transpose_infer, kao_op_transpose_run },
    { "Unsqueeze", 1, 12, 1, 1, 1, KAO_OP_RESHAPE, KAO_T_ALL, PARAM(kao_axes_param),
      " axes ", kao_op_unsqueeze_load, kao_op_unsqueeze_infer, kao_op_reshape_run },
    { "Unsqueeze", 13, 0, 2, 2, 1, KAO_OP_RESHAPE, KAO_T_ALL, PARAM(kao_axes_param),
      "", kao_op_unsqueeze13_load, kao_op_unsqueeze_infer, kao_op_reshape_run },
    { "Upsample", 7, 8, 1, 1, 1, KAO_OP_RESIZE, KAO_T_ALL, SIZES(kao_resize_param, kao_resize_state),
      " mode scales ", kao_op_upsample7_load, kao_op_resize_infer, kao_op_resize_run },
    { "Upsample", 9, 9, 2, 2, 1, KAO_OP_RESIZE, KAO_T_ALL, SIZES(kao_resize_param, kao_resize_state),
      " mode ", kao_op_upsample9_load, kao_op_resize_infer, kao_op_resize_run },
};
/* clang-format on */

const kao_op *kao_op_rows(size_t *n)
{
    *n = sizeof rows / sizeof rows[0];
    return rows;
}
