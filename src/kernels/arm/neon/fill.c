/* The slots that NEON fills. */
#include "kernels/arm/neon/fill.h"

#include "kernels/fill.h"

void kao_kernels_fill_neon(kao_kernels *k)
{
    static const kao_gemm_tiles gemm = { .slot = {
        { kao_gemm_f32_12x8_neon, 12, 8 },
        { kao_gemm_f32_6x16_neon, 6, 16 },
    }, .n = 2 };

    static const kao_scan_slots scan = { .slot = {
        { kao_scan_1_neon, 1, KAO_SCAN_BYTES },
        { kao_scan_16_neon, 16, KAO_SCAN_BYTES },
    }, .n = 2 };

    k->gemm = gemm;
    k->dw3 = kao_dw3_f32_neon;
    k->dw = kao_dw_f32_neon;
    k->wino_in2 = kao_wino_in2_f32_neon;
    k->wino_in4 = kao_wino_in4_f32_neon;
    k->wino_out2 = kao_wino_out2_f32_neon;
    k->wino_out4 = kao_wino_out4_f32_neon;
    k->window_max = kao_window_max_f32_neon;
    k->window_avg = kao_window_avg_f32_neon;
    k->binary = kao_binary_f32_neon;
    k->unary = kao_unary_f32_neon;
    k->exp = kao_exp_f32_neon;
    k->to_pixels = kao_to_pixels_f32_neon;
    k->to_planes = kao_to_planes_f32_neon;
    k->dot_rows = kao_dot_rows_f32_neon;
    k->norm_sums = kao_norm_sums_f32_neon;
    k->norm_apply = kao_norm_apply_f32_neon;
    k->norm_grad_sums = kao_norm_grad_sums_f32_neon;
    k->norm_grad_apply = kao_norm_grad_apply_f32_neon;
    k->scan = scan;
}
