// Run a model once in ONNX Runtime: node ort_run.mjs MODEL INPUT.f32 DIMSxDIMS OUT_FOLDER
// Writes each output as raw float32 (0.f32, 1.f32 ..) and prints "index dims" lines.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(process.env.ORT_HOME + '/');
const ort = require('onnxruntime-node');
const [model, input, shape, out] = process.argv.slice(2);
const session = await ort.InferenceSession.create(model, { graphOptimizationLevel: 'disabled' });
const bytes = readFileSync(input);
const data = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const dims = shape.split('x').map(Number);
const results = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, dims) });
session.outputNames.forEach((name, i) => {
  const t = results[name];
  writeFileSync(`${out}/${i}.f32`, Buffer.from(t.data.buffer, t.data.byteOffset, t.data.byteLength));
  console.log(`${i} ${t.dims.join('x')}`);
});
