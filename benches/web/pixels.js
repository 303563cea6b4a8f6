/** The tensor of a picture as the demo's network takes it, through a canvas: values from 0 to 1, channels last. */
export async function pixels(file, size) {
  const bitmap = await createImageBitmap(file);
  const context = new OffscreenCanvas(size, size).getContext("2d");
  context.drawImage(bitmap, 0, 0, size, size);
  const { data } = context.getImageData(0, 0, size, size);
  const values = new Float32Array(size * size * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    for (let channel = 0; channel < 3; channel++) values[to++] = data[from + channel] / 255;
  }
  return values;
}
