package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"testing"

	"sneakers23/app/waittest"
)

// killsSize is how large TestKillsWhileSelling is.
type killsSize struct {
	kills int
	each  int // buyers for each kill
	pairs int
}

func kills() killsSize {
	if *full {
		return killsSize{kills: 15, each: 20, pairs: 280}
	}
	return killsSize{kills: 2, each: 20, pairs: 35}
}

// TestKillsWhileSelling kills a random node after a random number of purchases and starts it at
// once, while buyers send their forms through a proxy. The next node is killed when that one is
// open. Every node opens each time, and the buyers were told what the database says.
func TestKillsWhileSelling(t *testing.T) {
	t.Parallel()
	const item = 1
	size := kills()
	cluster := newScarceCluster(t, map[int]int{item: size.pairs})
	joinAny(cluster)
	balancer := newBalancer(t, cluster)
	type form struct {
		buyer  *customer
		values url.Values
	}
	var forms []form
	for range size.kills * size.each {
		buyer := newCustomer(t, balancer)
		buyer.add(item)
		forms = append(forms, form{buyer, buyer.purchase()})
	}
	buyers := crowd{orders: make(map[string]string)}
	for kill := range size.kills {
		told := make(chan struct{}, size.each)
		var wg sync.WaitGroup
		for i, f := range forms[kill*size.each : (kill+1)*size.each] {
			wg.Go(func() {
				buyers.send(f.buyer, fmt.Sprintf("buyer %d of kill %d", i, kill), f.values)
				told <- struct{}{}
			})
		}
		before := rand.IntN(size.each)
		for range before {
			waittest.Receive(t, "a buyer is told", told)
		}
		victim := cluster[rand.IntN(len(cluster))]
		t.Logf("kill %d: %s, after %d of %d buyers were told", kill, victim.name, before, size.each)
		victim.kill()
		victim.launch() // fails the test if it does not open
		wg.Wait()
	}
	buyers.check(t, cluster[0], size.pairs, size.kills*size.each)
	agree(t, cluster)
}
