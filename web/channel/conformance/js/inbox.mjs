// patience is how long a scenario waits for anything, in ms.
let patience = 20_000
export const waitFor = ms => { patience = ms }

// waiting are the timers of those who wait.
const waiting = new Set()

// forget ends all waiting, for the end of a scenario: a wait of its own that is late must not fail the next one.
export function forget(){
  waiting.forEach(clearTimeout)
  waiting.clear()
}

// Inbox keeps what callbacks were called with until somebody asks for it.
export class Inbox {
  constructor(what){
    this.what = what
    this.items = []
    this.waiting = []
    this.put = item => {
      const waiter = this.waiting.shift()
      waiter ? waiter(item) : this.items.push(item)
    }
  }

  get empty(){ return this.items.length === 0 }

  // next waits for the next item, but not for ever.
  next(){
    if(!this.empty){ return Promise.resolve(this.items.shift()) }
    const late = new Error(`waited in vain for ${this.what}`)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(late), patience)
      waiting.add(timer)
      this.waiting.push(item => {
        clearTimeout(timer)
        waiting.delete(timer)
        resolve(item)
      })
    })
  }

  // take waits for n items.
  async take(n){
    const items = []
    while(items.length < n){ items.push(await this.next()) }
    return items
  }
}
