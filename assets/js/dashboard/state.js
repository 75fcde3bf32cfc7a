import { merge, replace } from "./merge.js"
import { coalesce } from "./paint.js"

// Keeps what the server says of the shop: `state` comes after every connect, and replaces all that
// is known; `change` is merged into it. Notes are told at once what changed, or nothing when all is
// new; shows before the next frame, which in a hidden tab never comes.
export function keepState(channel, notes, shows) {
  let state = null
  const paint = coalesce(() => shows.forEach((show) => show(state)))

  function heard(some) {
    notes.forEach((note) => note(state, some))
    paint()
  }

  channel.on("state", (all) => {
    state = replace(all)
    heard()
  })
  channel.on("change", (some) => {
    if (!state) return
    merge(state, some)
    heard(some)
  })
}
