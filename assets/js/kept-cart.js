import { forget, recall, remember } from "./storage.js"

const key = "storedCart"

// Holds the cart that the browser keeps between visits. The same cart keeps its token, and the
// server answers a token with itself if the cart is the same. So another token is another cart,
// even if the shoes in it are the same.
export function createKeptCart() {
  let seen = null // by this tab
  let told = null // by this tab, when it joined

  return {
    token: () => recall(key),

    // Returns the token that this tab sends when it joins.
    tell: () => (told = recall(key)),

    // Takes what the session has, having been told ours. It has nothing if that is too old.
    agree(token, ours) {
      if (token) remember(key, token)
      else if (recall(key) === ours) forget(key)
    },

    // Takes what the server shows, and tells whether that was news.
    keep({ items, serialized }) {
      const nothing = seen === null && told === null && items.length === 0
      const known = serialized === seen || serialized === told || nothing
      seen = serialized
      if (!known) remember(key, serialized)
      return !known
    },
  }
}
