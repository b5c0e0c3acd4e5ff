/* The reference kernels: plain C, one loop per contract, for every machine. */
#ifndef KAO_KERNELS_REF_REF_H
#define KAO_KERNELS_REF_REF_H

#include "kernels/kernels.h"

kao_gemm_fn kao_gemm_f32_4x8_ref;
kao_gemm_fn kao_gemm_bf16_4x8_ref;
kao_to_pairs_fn kao_to_pairs_ref;
kao_zip_pairs_fn kao_zip_pairs_ref;
kao_dw3_fn kao_dw3_f32_ref;
kao_dw_fn kao_dw_f32_ref;
kao_wino_in_fn kao_wino_in2_f32_ref;
kao_wino_in_fn kao_wino_in4_f32_ref;
kao_wino_out_fn kao_wino_out2_f32_ref;
kao_wino_out_fn kao_wino_out4_f32_ref;
kao_window_fn kao_window_max_f32_ref;
kao_window_fn kao_window_avg_f32_ref;
kao_binary_fn kao_binary_f32_ref;
kao_unary_fn kao_unary_f32_ref;
kao_exp_fn kao_exp_f32_ref;
kao_to_pixels_fn kao_to_pixels_f32_ref;
kao_to_planes_fn kao_to_planes_f32_ref;
kao_dot_rows_fn kao_dot_rows_f32_ref;
kao_norm_fn kao_norm_sums_f32_ref;
kao_norm_fn kao_norm_apply_f32_ref;
kao_norm_fn kao_norm_grad_sums_f32_ref;
kao_norm_fn kao_norm_grad_apply_f32_ref;
kao_scan_fn kao_scan_1_ref;
kao_scan_fn kao_scan_8_ref;

/* One value through an activation. */
float kao_act_ref(float x, kao_act act, float lo, float hi, float slope);

/* One sum through an epilogue: channel o of the row that starts r rows after e->res. */
float kao_epilogue_ref(const kao_epilogue *e, float sum, ptrdiff_t r, int32_t o);

#endif
