const minuteMs = 60_000
const pausesMs = [10, 100, 250, 500, 1000, 2000, 4000]
const longestPauseMs = 6000

const defaults = {
  refusals: 3, // WebSockets in a row that brought nothing, before long-poll has its turn
  refusalsOnceHeard: 10, // the same for a page that had a WebSocket: it is rather the server that is away
  cuts: 3, // WebSockets in a row that brought something and did not last, before long-poll has its turn
  lastingMs: 30_000, // a connection that lives so long works
  perMinute: 15, // attempts at most, in any minute
}

// Times are spread, so that the tabs of a server that is gone do not all come at once.
export const spread = (ms) => ms * (0.5 + Math.random())

// Judges the attempts of a page to connect, and says what to try next and when. It sets no timer
// and touches no network.
//
// An attempt succeeds when its connection lasts. A message alone only shows that the way was open
// for a moment. Otherwise a proxy that ends each WebSocket soon after it opened would be tried for
// ever, as fast as it ends them.
export function judgeAttempts({ polling = false, ...given } = {}) {
  const limits = { ...defaults, ...given }
  let heard = false // something, over any WebSocket
  let refusals = 0
  let cuts = 0
  let tries = 0 // in a row that did not last
  let latest = null
  let starts = [] // of the last attempts, as many as a minute may have

  const exhausted = () => cuts >= limits.cuts || refusals >= (heard ? limits.refusalsOnceHeard : limits.refusals)

  // Counts an attempt, whatever carries it.
  function count() {
    starts = [...starts, Date.now()].slice(-limits.perMinute)
  }

  function begin() {
    count()
    return (latest = { polls: polling, aliveSince: null, restart: false, over: false })
  }

  // The first message of a WebSocket has come, or a long-poll has its session.
  function alive(attempt) {
    attempt.aliveSince ??= Date.now()
    if (attempt.polls) return
    heard = true
    refusals = 0
  }

  function lasted(attempt) {
    if (attempt !== latest) return
    tries = 0
    if (attempt.polls) return
    refusals = 0
    cuts = 0
  }

  // The latest attempt has ended, and not because the page closed it. Its restart says that the
  // server restarts.
  function end() {
    const attempt = latest
    if (!attempt || attempt.over) return
    attempt.over = true
    const since = attempt.aliveSince
    if (since !== null && Date.now() - since >= limits.lastingMs) return lasted(attempt)

    tries += 1
    if (attempt.polls) return giveTurn() // neither lasts, so it is not WebSocket's fault
    if (since === null)
      refusals += navigator.onLine ? 1 : 0 // being offline says nothing about WebSockets
    else if (!attempt.restart) cuts += 1
    polling = exhausted()
  }

  // The next attempt is a WebSocket. Should that fail too, long-poll has its turn again.
  function giveTurn() {
    polling = false
    cuts = limits.cuts - 1
    refusals = limits.refusalsOnceHeard - 1
  }

  // The network is another one, about which nothing is known.
  function forgive() {
    refusals = 0
    cuts = 0
    tries = 0
  }

  // How long until an attempt may be made, so that no minute has too many.
  function waitMs() {
    const now = Date.now()
    starts = starts.filter((start) => start <= now) // else the device's clock was set back since then
    return starts.length < limits.perMinute ? 0 : Math.max(0, starts[0] + minuteMs - now)
  }

  // How long to wait before the next attempt.
  function pauseMs() {
    return Math.max(spread(pausesMs[Math.max(tries, 1) - 1] ?? longestPauseMs), waitMs())
  }

  const { lastingMs } = limits
  return { lastingMs, count, begin, alive, lasted, end, giveTurn, forgive, waitMs, pauseMs }
}
