// Codes pictures as JPEG, beside the page: in its own thread a browser does so when it is idle.
let canvas = null;

onmessage = async ({ data: { index, image } }) => {
  if (canvas?.width !== image.width || canvas?.height !== image.height) {
    canvas = new OffscreenCanvas(image.width, image.height);
  }
  canvas.getContext("2d").drawImage(image, 0, 0);
  image.close();
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
  const jpeg = await blob.arrayBuffer();
  postMessage({ index, jpeg }, [jpeg]);
};
