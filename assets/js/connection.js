const patienceMs = 4000

// Says so when the page has been without its socket for some seconds. A short break is nobody's
// business, and a hidden tab does not reconnect until it is looked at.
export function followConnection(socket, hint) {
  let timer = null

  function lost() {
    timer ??= setTimeout(() => {
      if (!document.hidden) hint.textContent = "Reconnecting…"
      timer = null
    }, patienceMs)
  }

  function found() {
    clearTimeout(timer)
    timer = null
    hint.textContent = ""
  }

  socket.onOpen(found)
  socket.onClose(lost)
  socket.onError(lost)
}
