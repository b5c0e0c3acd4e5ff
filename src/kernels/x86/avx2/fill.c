/* The slots that AVX2 fills. */
#include "kernels/x86/avx2/fill.h"

#include "kernels/fill.h"

void kao_kernels_fill_avx2(kao_kernels *k)
{
    static const kao_gemm_tiles gemm = { .slot = {
        { kao_gemm_f32_12x8_avx2, 12, 8 },
        { kao_gemm_f32_6x16_avx2, 6, 16 },
    }, .n = 2 };

    static const kao_scan_slots scan = { .slot = {
        { kao_scan_1_avx2, 1, KAO_SCAN_WORDS },
        { kao_scan_16_avx2, 16, KAO_SCAN_WORDS },
    }, .n = 2 };

    k->gemm = gemm;
    k->dw3 = kao_dw3_f32_avx2;
    k->dw = kao_dw_f32_avx2;
    k->wino_in2 = kao_wino_in2_f32_avx2;
    k->wino_in4 = kao_wino_in4_f32_avx2;
    k->wino_out2 = kao_wino_out2_f32_avx2;
    k->wino_out4 = kao_wino_out4_f32_avx2;
    k->window_max = kao_window_max_f32_avx2;
    k->window_avg = kao_window_avg_f32_avx2;
    k->binary = kao_binary_f32_avx2;
    k->unary = kao_unary_f32_avx2;
    k->exp = kao_exp_f32_avx2;
    k->to_pixels = kao_to_pixels_f32_avx2;
    k->to_planes = kao_to_planes_f32_avx2;
    k->dot_rows = kao_dot_rows_f32_avx2;
    k->norm_sums = kao_norm_sums_f32_avx2;
    k->norm_apply = kao_norm_apply_f32_avx2;
    k->norm_grad_sums = kao_norm_grad_sums_f32_avx2;
    k->norm_grad_apply = kao_norm_grad_apply_f32_avx2;
    k->scan = scan;
}
