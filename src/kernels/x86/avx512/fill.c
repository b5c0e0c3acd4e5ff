/* The slots that AVX-512 fills. */
#include "kernels/x86/avx512/fill.h"

#include "kernels/fill.h"

void kao_kernels_fill_avx512(kao_kernels *k)
{
    static const kao_gemm_tiles gemm = { .slot = {
        { kao_gemm_f32_14x8_avx512, 14, 8 },
        { kao_gemm_f32_14x16_avx512, 14, 16 },
        { kao_gemm_f32_14x32_avx512, 14, 32 },
    }, .n = 3 };

    k->gemm = gemm;
    k->dw3 = kao_dw3_f32_avx512;
    k->dw = kao_dw_f32_avx512;
    k->wino_in2 = kao_wino_in2_f32_avx512;
    k->wino_in4 = kao_wino_in4_f32_avx512;
    k->wino_out2 = kao_wino_out2_f32_avx512;
    k->wino_out4 = kao_wino_out4_f32_avx512;
    k->window_max = kao_window_max_f32_avx512;
    k->window_avg = kao_window_avg_f32_avx512;
    k->binary = kao_binary_f32_avx512;
    k->unary = kao_unary_f32_avx512;
    k->exp = kao_exp_f32_avx512;
    k->to_pixels = kao_to_pixels_f32_avx512;
    k->to_planes = kao_to_planes_f32_avx512;
    k->dot_rows = kao_dot_rows_f32_avx512;
    k->norm_sums = kao_norm_sums_f32_avx512;
    k->norm_apply = kao_norm_apply_f32_avx512;
    k->norm_grad_sums = kao_norm_grad_sums_f32_avx512;
    k->norm_grad_apply = kao_norm_grad_apply_f32_avx512;
}
