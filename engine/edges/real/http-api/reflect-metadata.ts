/**
 * @peculiar/x509 registers its parts with a dependency injector that insists on `Reflect.getMetadata`. It reads only
 * what it wrote itself, so a map per target is all it needs; a polyfill package is not.
 */
const METADATA = new WeakMap<object, Map<string, unknown>>();

interface MetadataReflect {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
}

/** Makes `Reflect` answer for metadata, unless something else has done so already. */
export function installReflectMetadata(): void {
  const reflect = Reflect as MetadataReflect;
  if (reflect.getMetadata !== undefined) return;
  const read = (key: unknown, target: object) => METADATA.get(target)?.get(String(key));
  reflect.getMetadata = read;
  reflect.getOwnMetadata = read;
  reflect.defineMetadata = (key, value, target) => {
    const known = METADATA.get(target) ?? new Map<string, unknown>();
    METADATA.set(target, known.set(String(key), value));
  };
}
