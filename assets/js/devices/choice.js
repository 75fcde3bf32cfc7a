const pattern = /^#device=([1-9]\d{0,15})$/

// The device that the page looks at, by its id: 0 for all. It stands in the address, so that a
// reload, a link and the way back show the same.
export function createChoice() {
  const choice = { id: idIn(location.hash), choose, follow }
  const followers = []

  function set(id) {
    if (id === choice.id) return
    choice.id = id
    followers.forEach((follower) => follower(id))
  }

  function choose(id) {
    if (id === choice.id) return
    history.pushState(null, "", id ? `#device=${id}` : location.pathname)
    set(id)
  }

  // Calls the follower when another device is chosen.
  function follow(follower) {
    followers.push(follower)
  }

  window.addEventListener("popstate", () => set(idIn(location.hash)))
  return choice
}

const idIn = (hash) => Number(pattern.exec(hash)?.[1] ?? 0)
