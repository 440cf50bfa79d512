// matmulElementwise: a product whose sums pass through a program of micro-operations before they are written, so that
// bias, activation, residual and rounding cost no way to memory and back.
//
//   out… | left, right, [accumulator,] in…      ints: transposeLeft, operands of the product (2 or 3), then the words of
//                                               an ElementwiseFinish; floats: the program's constants
//
// The numbers are those of matmul followed by elementwise, sum and pack.
//
// What it gained in a step of `bench train --preset small`: elementwise passes, slices and concatenations 263 → 66 ms, and
// with column sums and packs made in the same pass (elementwise-finish.h) elementwise, sum and pack 108 → 25 ms.
#include "elementwise-finish.h"
#include "matmul.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

void matmulElementwise(const Call& call, Team& team) {
  require(call.intCount > 2, "matmulElementwise: settings do not fit");
  const int productOperands = call.ints[1];
  require((productOperands == 2 || productOperands == 3) && productOperands <= call.inputCount,
          "matmulElementwise: settings do not fit");
  Product product = productOf(call.inputs[0], call.inputs[1], call.ints[0] != 0,
                              productOperands == 3 ? call.inputs[2] : Operand{});
  const ElementwiseFinish finish(call, 2, productOperands, 1, product.rows, product.columns);
  product.finish = &finish;
  multiply(product, team);
  finish.end(team);
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
