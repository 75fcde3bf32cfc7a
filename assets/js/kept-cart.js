import { forget, recall, remember } from "./storage.js"

const key = "storedCart"

// What the browser keeps of the cart between visits. The server answers a token with itself where
// the cart is the same, and the same cart keeps its token: so another token is another cart, be
// there the same shoes in it or not.
export function createKeptCart() {
  let seen = null // by this tab
  let told = null // by this tab, when it joined

  return {
    token: () => recall(key),

    // What this tab brings when it joins.
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
