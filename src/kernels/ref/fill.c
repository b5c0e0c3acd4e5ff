/* The reference versions: they fill every slot of the table. */
#include "kernels/fill.h"
#include "kernels/ref/ref.h"

void kao_kernels_fill_ref(kao_kernels *k)
{
    *k = (kao_kernels){
        .gemm = { .slot = { { kao_gemm_f32_4x8_ref, 4, 8 } }, .n = 1 },
        .pairs = { .slot = { { kao_gemm_bf16_4x8_ref, 4, 8 } }, .n = 1 },
        .to_pairs = kao_to_pairs_ref,
        .zip_pairs = kao_zip_pairs_ref,
        .dw3 = kao_dw3_f32_ref,
        .dw = kao_dw_f32_ref,
        .wino_in2 = kao_wino_in2_f32_ref,
        .wino_in4 = kao_wino_in4_f32_ref,
        .wino_out2 = kao_wino_out2_f32_ref,
        .wino_out4 = kao_wino_out4_f32_ref,
        .window_max = kao_window_max_f32_ref,
        .window_avg = kao_window_avg_f32_ref,
        .binary = kao_binary_f32_ref,
        .unary = kao_unary_f32_ref,
        .exp = kao_exp_f32_ref,
        .to_pixels = kao_to_pixels_f32_ref,
        .to_planes = kao_to_planes_f32_ref,
        .dot_rows = kao_dot_rows_f32_ref,
        .norm_sums = kao_norm_sums_f32_ref,
        .norm_apply = kao_norm_apply_f32_ref,
        .norm_grad_sums = kao_norm_grad_sums_f32_ref,
        .norm_grad_apply = kao_norm_grad_apply_f32_ref,
        .scan = { .slot = { { kao_scan_1_ref, 1, KAO_SCAN_BYTES },
                            { kao_scan_8_ref, 8, KAO_SCAN_BYTES } },
                  .n = 2 },
    };
}
