// quantizedEmbedding: out[row] = table[ids[row]], the table in blocks (block-panels.h): scale · q, exact in float.
//
//   out[rows, inputs] | table[vocabulary, inputs], ids i32[rows]
//
// Work is split by rows.
#include "block-panels.h"
#include "layout.h"

namespace glossa::GLOSSA_LEVEL {

void quantizedEmbedding(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const int32_t* ids = call.inputs[1].as<int32_t>();
  const Rows rows(out);
  const BlockMatrix table(call.inputs[0]);
  require(isInBlocks(call.inputs[0]) && rows.width == table.inputs && call.inputs[1].elements() == rows.count,
          "quantizedEmbedding: shapes differ");
  forRanges(team, rows.count, rows.width, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t id = checkedIndex(ids[row], table.outputs, "quantizedEmbedding: id");
      const int64_t panel = id / panelColumns, lane = id % panelColumns;
      const uint16_t* scales = table.panelScales(panel) + lane;
      const int8_t* weights = reinterpret_cast<const int8_t*>(table.panelWeights(panel)) + 4 * lane;
      for (int64_t block = 0; block < table.blocks; block++, weights += table.weightBytes()) {
        float values[blockInputs];
        for (int64_t input = 0; input < blockInputs; input++) {
          if (table.nibbles) {
            const int byte = static_cast<uint8_t>(weights[input % 16 / 4 * groupBytes + input % 4]);
            values[input] = static_cast<float>((input < 16 ? byte & 15 : byte >> 4) - 8);
          } else {
            values[input] = weights[input / 4 * groupBytes + input % 4];
          }
        }
        uint16_t scale[vectorLanes] = {scales[block * panelColumns]};
        float wide[vectorLanes];
        store(wide, loadFloat16(scale));
        const F32x16 factor = broadcast(wide[0]);
        const int64_t to = rows.start(row) + block * blockInputs;
        storeLanes(out, to, load(values) * factor, vectorLanes);
        storeLanes(out, to + vectorLanes, load(values + vectorLanes) * factor, vectorLanes);
      }
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
