const patienceMs = 1000
const hopelessMs = 15_000

// Shows whether the page is live: since its channel was told the state, until that ends, alone or with its socket. A short break
// is nobody's business; after a long one the token may be to blame, which the server does not say, so there is a way to a new one.
export function showLiveState(channel, state) {
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

    timers = [setTimeout(() => say("reconnecting", text), patienceMs), setTimeout(() => (signIn.hidden = false), hopelessMs)]
  }

  channel.on("state", found)
  channel.onError(() => lost("Reconnecting…"))
  channel.onClose(() => lost("Reconnecting…"))
  lost("Connecting…")
}
