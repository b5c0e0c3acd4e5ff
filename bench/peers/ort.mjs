// One window of ONNX Runtime: node ort.mjs MODEL THREADS SECONDS SIZE -> median and least ms.
// Needs onnxruntime-node in a folder that node finds (see compare.py).
import { createRequire } from 'node:module';

const require = createRequire(process.env.ORT_HOME + '/');
const ort = require('onnxruntime-node');
const [model, threads, seconds, size] = process.argv.slice(2);
const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  // As kao does; by default a network with dead channels (mobilefacenet_512) takes it 15 times as long.
  extra: { session: { set_denormal_as_zero: '1' } },
});

const feeds = {};
for (const input of session.inputMetadata) {
  const dims = input.shape.map((d, i) =>
    typeof d === 'number' && d > 0 ? d : i === 0 ? 1 : i === 1 ? 3 : Number(size));
  const count = dims.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: count }, (_, k) => ((k * 7919) % 255) / 127.5 - 1);
  feeds[input.name] = new ort.Tensor('float32', data, dims);
}
await session.run(feeds);

const times = [];
const end = performance.now() + 1000 * Number(seconds);
while (times.length < 3 || performance.now() < end) {
  const begin = performance.now();
  await session.run(feeds);
  times.push(performance.now() - begin);
}
times.sort((a, b) => a - b);
const version = require('onnxruntime-node/package.json').version;
console.log(`${times[times.length >> 1].toFixed(4)} ${times[0].toFixed(4)} ${version}`);
