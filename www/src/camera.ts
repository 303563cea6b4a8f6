// The camera as a table: what it sees becomes rows, as fast as the model looks at them.

import type { PredictQL } from "predictql";

/** The table's name. */
export const frames = "frames";

/** What the next pictures of the camera show. */
export const cameraQuery = `-- Ten pictures, each taken when the one before has been seen.
SELECT label, probability, ML.ENCODE_IMAGE(input, 'JPEG') AS picture
FROM ML.PREDICT(MODEL classifier,
  (SELECT ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 224, 224, FALSE) AS input
   FROM ${frames}))
LIMIT 10`;

export async function hasCamera(): Promise<boolean> {
  if (!navigator.mediaDevices) return false;
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices.some(({ kind }) => kind === "videoinput");
}

/** Asks for the camera, has `work` done while it runs, and turns it off. */
export async function whileWatching(db: PredictQL, work: () => Promise<void>): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } } });
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = stream;
  try {
    await video.play();
    await db.registerTable(frames, video);
    await work();
  } finally {
    video.pause();
    for (const track of stream.getTracks()) track.stop();
  }
}
