import { clockOf } from "./moment.js"

const patienceMs = 1000
const hopelessMs = 15_000

// Shows whether the page is live: since its channel was told the state, until that ends, alone or
// with its socket. A short break is not shown. After a long one the token may be to blame, which
// the server does not say: if it answers at all, the page links to a new sign-in.
export function showLiveState(channel, state, answers = serverAnswers) {
  const words = state.querySelector("[data-live-words]")
  const signIn = state.querySelector("[data-sign-in]")
  let timers = []

  function say(now, text) {
    state.dataset.liveState = now
    words.textContent = text
  }

  function found() {
    timers.forEach(clearTimeout)
    timers = []
    signIn.hidden = true
    say("connected", "Connected")
  }

  function lost(text) {
    if (timers.length > 0) return

    timers = [setTimeout(() => say("reconnecting", text), patienceMs), setTimeout(despair, hopelessMs)]
  }

  async function despair() {
    const doubt = timers
    const hidden = !(await answers())
    if (doubt !== timers) return // found meanwhile
    signIn.hidden = hidden
    timers.push(setTimeout(despair, hopelessMs))
  }

  const ended = () => lost(`Not live since ${clockOf(new Date())}. Reconnecting…`)
  channel.on("state", found)
  channel.onError(ended)
  channel.onClose(ended)
  lost("Connecting…")
}

// Without a password, so that the browser asks for none.
const serverAnswers = () =>
  fetch("/admin", { credentials: "omit", cache: "no-store" }).then(
    () => true,
    () => false,
  )
