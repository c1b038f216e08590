// Renders variants of the photo argv[2]. Each line of the input is a request: { width, height, fit, format, quality, out }.
// The variant is written to `out`; then a line of the output is the time that rendering took, in milliseconds.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);
const photo = readFileSync(process.argv[2]);

for await (const line of createInterface({ input: process.stdin })) {
  const { width, height, fit, format, quality, out } = JSON.parse(line);
  const start = process.hrtime.bigint();
  const variant = await sharp(photo).resize(width, height, { fit }).toFormat(format, { quality }).toBuffer();
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
  writeFileSync(out, variant);
  console.log(milliseconds);
}
