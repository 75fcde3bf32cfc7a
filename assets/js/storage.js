// A browser's storage, as far as the browser allows it: no call throws. A value that storage
// refuses (it is full, or forbidden) is kept as long as the page is, for this page alone.
export function carefulStorage(name) {
  const kept = new Map()

  function attempt(action) {
    try {
      return action(window[name])
    } catch {
      return undefined
    }
  }

  return {
    getItem: (key) => kept.get(key) ?? attempt((storage) => storage.getItem(key)) ?? null,

    setItem(key, value) {
      kept.set(key, value)
      attempt((storage) => {
        storage.setItem(key, value)
        kept.delete(key)
      })
    },

    removeItem(key) {
      kept.delete(key)
      attempt((storage) => storage.removeItem(key))
    },
  }
}

// The storage that all tabs of a browser share.
const shared = carefulStorage("localStorage")

export const recall = shared.getItem
export const remember = shared.setItem
export const forget = shared.removeItem
