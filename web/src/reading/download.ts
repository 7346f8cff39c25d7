/**
 * Downloads, and conversion of figures to PNG.
 * @module
 */

/** Hands a file to the browser's downloads. */
export function download(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has started when the click returns; the object URL can be revoked a little later.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Data as a file that a person can read. */
export const jsonFile = (data: unknown): Blob =>
  new Blob([`${JSON.stringify(data, null, 2)}\n`], { type: 'application/json' });

/** A picture as a file. */
export const svgFile = (svg: string): Blob => new Blob([svg], { type: 'image/svg+xml' });

/** An SVG with a size of its own as a PNG of twice as many pixels. @throws Error when the browser cannot draw it */
export async function toPng(svg: string): Promise<Blob> {
  const url = URL.createObjectURL(svgFile(svg));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [2 * image.naturalWidth, 2 * image.naturalHeight];
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('This browser gives no canvas to draw a PNG on: export the SVG.');
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => {
        if (blob === null) reject(new Error('The picture is too large for a PNG: export the SVG.'));
        else resolve(blob);
      }, 'image/png'),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}
