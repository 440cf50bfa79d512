// Sixteen vectors seen as a 16 × 16 square, transposed in registers: what packing and attention use to turn rows of a
// matrix into columns. Values only move, so every level agrees.
#pragma once

#include "vector.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

#if defined(GLOSSA_LEVEL_AMX) || defined(GLOSSA_LEVEL_AVX512BF16) || defined(GLOSSA_LEVEL_AVX512)

inline void transpose16(F32x16* rows) {
  __m512 a[16], b[16];
  // Pairs of lanes, then fours, inside each 128-bit quarter …
  _Pragma("GCC unroll 8") for (int i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_ps(rows[i].part[0], rows[i + 1].part[0]);
    a[i + 1] = _mm512_unpackhi_ps(rows[i].part[0], rows[i + 1].part[0]);
  }
  _Pragma("GCC unroll 4") for (int i = 0; i < 16; i += 4) {
    const __m512d low0 = _mm512_castps_pd(a[i]), low1 = _mm512_castps_pd(a[i + 2]);
    const __m512d high0 = _mm512_castps_pd(a[i + 1]), high1 = _mm512_castps_pd(a[i + 3]);
    b[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(low0, low1));
    b[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low0, low1));
    b[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high0, high1));
    b[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high0, high1));
  }
  // … then whole quarters: b[4 g + j] holds columns j, j + 4, j + 8, j + 12 of rows 4 g … 4 g + 3.
  _Pragma("GCC unroll 4") for (int j = 0; j < 4; j++) {
    const __m512 even01 = _mm512_shuffle_f32x4(b[j], b[4 + j], 0x88);
    const __m512 odd01 = _mm512_shuffle_f32x4(b[j], b[4 + j], 0xdd);
    const __m512 even23 = _mm512_shuffle_f32x4(b[8 + j], b[12 + j], 0x88);
    const __m512 odd23 = _mm512_shuffle_f32x4(b[8 + j], b[12 + j], 0xdd);
    rows[j].part[0] = _mm512_shuffle_f32x4(even01, even23, 0x88);
    rows[j + 8].part[0] = _mm512_shuffle_f32x4(even01, even23, 0xdd);
    rows[j + 4].part[0] = _mm512_shuffle_f32x4(odd01, odd23, 0x88);
    rows[j + 12].part[0] = _mm512_shuffle_f32x4(odd01, odd23, 0xdd);
  }
}

#elif defined(GLOSSA_LEVEL_AVX2)

namespace parts {
// The 8 × 8 square of part `from` of eight rows.
inline void transpose8(const F32x16* rows, int from, __m256* to) {
  __m256 a[8], b[8];
  _Pragma("GCC unroll 4") for (int i = 0; i < 8; i += 2) {
    a[i] = _mm256_unpacklo_ps(rows[i].part[from], rows[i + 1].part[from]);
    a[i + 1] = _mm256_unpackhi_ps(rows[i].part[from], rows[i + 1].part[from]);
  }
  _Pragma("GCC unroll 2") for (int i = 0; i < 8; i += 4) {
    b[i] = _mm256_shuffle_ps(a[i], a[i + 2], 0x44);
    b[i + 1] = _mm256_shuffle_ps(a[i], a[i + 2], 0xee);
    b[i + 2] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0x44);
    b[i + 3] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0xee);
  }
  _Pragma("GCC unroll 4") for (int j = 0; j < 4; j++) {
    to[j] = _mm256_permute2f128_ps(b[j], b[4 + j], 0x20);
    to[4 + j] = _mm256_permute2f128_ps(b[j], b[4 + j], 0x31);
  }
}
}  // namespace parts

inline void transpose16(F32x16* rows) {
  __m256 upperLeft[8], upperRight[8], lowerLeft[8], lowerRight[8];
  parts::transpose8(rows, 0, upperLeft);
  parts::transpose8(rows, 1, upperRight);
  parts::transpose8(rows + 8, 0, lowerLeft);
  parts::transpose8(rows + 8, 1, lowerRight);
  for (int i = 0; i < 8; i++) {
    rows[i] = {{upperLeft[i], lowerLeft[i]}};
    rows[8 + i] = {{upperRight[i], lowerRight[i]}};
  }
}

#elif defined(GLOSSA_LEVEL_NEON)

inline void transpose16(F32x16* rows) {
  F32x16 result[16];
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 4; j++) {
      // The 4 × 4 square of rows 4 i … and columns 4 j … goes to rows 4 j …, columns 4 i ….
      const float32x4x2_t first = vtrnq_f32(rows[4 * i].part[j], rows[4 * i + 1].part[j]);
      const float32x4x2_t second = vtrnq_f32(rows[4 * i + 2].part[j], rows[4 * i + 3].part[j]);
      result[4 * j].part[i] = vcombine_f32(vget_low_f32(first.val[0]), vget_low_f32(second.val[0]));
      result[4 * j + 1].part[i] = vcombine_f32(vget_low_f32(first.val[1]), vget_low_f32(second.val[1]));
      result[4 * j + 2].part[i] = vcombine_f32(vget_high_f32(first.val[0]), vget_high_f32(second.val[0]));
      result[4 * j + 3].part[i] = vcombine_f32(vget_high_f32(first.val[1]), vget_high_f32(second.val[1]));
    }
  }
  for (int i = 0; i < 16; i++) rows[i] = result[i];
}

#else

inline void transpose16(F32x16* rows) {
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < i; j++) {
      const float kept = rows[i].part[j];
      rows[i].part[j] = rows[j].part[i];
      rows[j].part[i] = kept;
    }
  }
}

#endif

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
