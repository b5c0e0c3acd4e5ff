/* The kernels of this folder; their contracts are those of the slots in kernels.h. */
#ifndef KAO_KERNELS_NEON_FILL_H
#define KAO_KERNELS_NEON_FILL_H

#include "kernels/kernels.h"

kao_gemm_fn kao_gemm_f32_12x8_neon;
kao_gemm_fn kao_gemm_f32_6x16_neon;
/* The end of a tile whose activation is smooth: sums (rows of 32 floats, residual
 * before added) through the activation and the residual after, into out. */
void kao_gemm_finish_smooth_neon(const kao_gemm_args *g, const float *sums,
                                 int32_t rows);

kao_dw3_fn kao_dw3_f32_neon;
kao_dw_fn kao_dw_f32_neon;
kao_wino_in_fn kao_wino_in2_f32_neon;
kao_wino_in_fn kao_wino_in4_f32_neon;
kao_wino_out_fn kao_wino_out2_f32_neon;
kao_wino_out_fn kao_wino_out4_f32_neon;
kao_window_fn kao_window_max_f32_neon;
kao_window_fn kao_window_avg_f32_neon;
kao_binary_fn kao_binary_f32_neon;
kao_unary_fn kao_unary_f32_neon;
kao_exp_fn kao_exp_f32_neon;
kao_to_pixels_fn kao_to_pixels_f32_neon;
kao_to_planes_fn kao_to_planes_f32_neon;
kao_dot_rows_fn kao_dot_rows_f32_neon;
kao_norm_fn kao_norm_sums_f32_neon;
kao_norm_fn kao_norm_apply_f32_neon;
kao_norm_fn kao_norm_grad_sums_f32_neon;
kao_norm_fn kao_norm_grad_apply_f32_neon;
kao_scan_fn kao_scan_1_neon;
kao_scan_fn kao_scan_16_neon;

#endif
