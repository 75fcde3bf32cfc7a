package admin

import (
	"context"
	"fmt"
	"time"

	"sneakers23/checkout"
)

// quarters tells the orders of each quarter of an hour in sum, once it is over.
type quarters struct {
	orders orderBook

	until  time.Time // the end of the last quarter that was summed
	events []Event
}

const (
	quarter    = 15 * time.Minute
	lookedBack = 12 * time.Hour
	settled    = 10 * time.Second // an order may be dated some seconds before it is committed
)

// look sums the quarters again if another one is over. It is called by one goroutine at a time, and
// changes no list that it has given away.
func (q *quarters) look(ctx context.Context, now time.Time) error {
	until := now.UTC().Add(-settled).Truncate(quarter)
	if until.Equal(q.until) {
		return nil
	}
	byMinute, err := q.orders.SalesByMinute(ctx, until.Add(-lookedBack))
	if err != nil {
		return err
	}
	var events []Event
	for begin := until.Add(-lookedBack); begin.Before(until); begin = begin.Add(quarter) {
		var sum checkout.Sales
		for m := begin; m.Before(begin.Add(quarter)); m = m.Add(time.Minute) {
			sum.Orders += byMinute[m].Orders
			sum.Revenue += byMinute[m].Revenue
		}
		if sum.Orders == 0 {
			continue
		}
		what := "orders"
		if sum.Orders == 1 {
			what = "order"
		}
		events = append(events, Event{
			At: begin.Add(quarter).UnixMilli(), Kind: eventOrders, When: begin.UnixMilli(),
			Text: fmt.Sprintf("%v %s for %s in the quarter of an hour from", grouped(sum.Orders), what, sum.Revenue),
		})
	}
	q.until, q.events = until, events
	return nil
}
