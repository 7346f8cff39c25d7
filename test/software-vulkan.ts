/**
 * Before all tests: lets WebGPU run without a GPU, on SwiftShader, where Debian's `chromium` package is installed,
 * which ships that driver and a Vulkan loader. A `VK_ICD_FILENAMES` already set stays as it is.
 * Runs in the main process, whose environment the native code of every worker thread sees.
 * @module
 */
import { existsSync } from 'node:fs';
import { constants } from 'node:os';

const folder = '/usr/lib/chromium';
const driver = `${folder}/vk_swiftshader_icd.json`;
const loader = `${folder}/libvulkan.so.1`;
/** glibc's RTLD_NODELETE, which Node does not name: the library stays after Node finds that it is no addon. */
const keep = 0x1000;

export default function setup(): void {
  if (process.platform !== 'linux' || process.env['VK_ICD_FILENAMES'] !== undefined || !existsSync(driver))
    return;
  process.env['VK_ICD_FILENAMES'] = driver;
  if (!existsSync(loader)) return;
  try {
    // ONNX Runtime asks for libvulkan.so.1 by name and then finds this one, already loaded.
    process.dlopen({ exports: {} }, loader, constants.dlopen.RTLD_NOW | keep);
  } catch {
    // Always: a Vulkan loader registers no addon. If it could not be loaded, the tests on WebGPU say so.
  }
}
