export type KeyValueStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** The browser's storage; where it is denied or full, memory, which lasts as long as the page. */
export function browserStorage(open: () => KeyValueStorage): KeyValueStorage {
  const memory = new Map<string, string>();
  function attempt<T>(action: (storage: KeyValueStorage) => T): T | undefined {
    try {
      return action(open());
    } catch {
      return undefined;
    }
  }
  return {
    getItem: (key) => memory.get(key) ?? attempt((storage) => storage.getItem(key)) ?? null,
    setItem(key, value) {
      memory.delete(key);
      const kept = attempt((storage) => {
        storage.setItem(key, value);
        return true;
      });
      if (kept !== true) memory.set(key, value);
    },
    removeItem(key) {
      memory.delete(key);
      attempt((storage) => storage.removeItem(key));
    },
  };
}
