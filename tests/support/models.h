/* Two small face models, so that the whole pipeline runs in any clone. make_expected.py
 * computes the same networks in numpy. */
#ifndef KAO_TESTS_MODELS_H
#define KAO_TESTS_MODELS_H

#include "kao/image.h"
#include "support/builder.h"

/* A detector of YuNet's form, of any size: cls obj bbox kps at strides 8, 16, 32. A
 * cell of stride 8 fires where its area is bright red, of 16 where it is green, of 32
 * where it is blue. Its box is about 2.4 x 3.1 cells around the cell's centre, its
 * points are those of a frontal face; noise from a small backbone moves them a little.
 */
pb tiny_detector(void);

/* An embedder after MobileFaceNet: 32 x 32 chips, any batch, 16 numbers. */
enum { TINY_CHIP = 32, TINY_DIM = 16 };
pb tiny_embedder(void);

/* Networks that look at faces, without any features: of the crop's mean colour, 0..1, output i
 * is w[i] times its mean over red, green, blue, plus b[i]: three landmarks at fixed places,
 * quality and liveness the brightness, a fixed pose. */
enum { TINY_ANALYSERS = 4 };
const char *tiny_analyser_name(int i); /* "landmarks" .. */
pb tiny_analyser(int i);
/* An embedder that hands out what it is given: input x of these dims, output y in rows. */
pb flat_model(const char *dims);

/* A graph of most operators, input x of 1,3,h,w, outputs y (of 2 rows) and n: for tests of
 * damage and of faults. */
pb mixed_graph(void);

/* A flat rectangle of a colour. */
void fill_box(const kao_image *image, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
              uint8_t r, uint8_t g, uint8_t b);
/* Channel c of pixel (x, y) of the test chip: 0..255. */
uint8_t chip_at(uint32_t x, uint32_t y, uint32_t c);
void chip_fill(const kao_image *chip);

/* Write bytes to a file; aborts where that fails. */
void write_file(const char *path, const void *bytes, size_t n);
/* A fresh folder for a test's files, beside the test binary's work folder. */
const char *temp_folder(char *buf, size_t cap);

#endif
