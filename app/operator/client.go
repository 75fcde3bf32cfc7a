package operator

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"sneakers23/app/store"
	"sneakers23/inventory"
	"sneakers23/inventory/storefront"
	"sneakers23/replication/cluster"
)

// Client commands a running node.
type Client struct {
	Node cluster.Address
	Who  string // who commands, as he calls himself; it is logged with what he does
	conn *nats.Conn
}

// ErrNoNode says that no node runs with the data directory.
var ErrNoNode = cluster.ErrNoNode

// Dial finds the node of a data directory. The error is ErrNoNode when there is none; Close ends
// the connection.
func Dial(dataDir string) (*Client, error) {
	conn, addr, err := cluster.Dial(dataDir)
	if err != nil {
		return nil, err
	}
	return &Client{Node: addr, conn: conn}, nil
}

// DialAt finds a node on any machine by its address for commands, host:port, and the secret of the
// cluster. Close ends the connection.
func DialAt(address, secret string) (*Client, error) {
	conn, addr, err := cluster.DialAt(address, secret)
	if err != nil {
		return nil, err
	}
	return &Client{Node: addr, conn: conn}, nil
}

// Uses reports whether the node works on this database.
func (c *Client) Uses(db store.Config) bool { return c.Node.About == db.Name() }

// Close ends the connection.
func (c *Client) Close() { c.conn.Close() }

// Products lists all products with their items.
func (c *Client) Products(ctx context.Context) ([]Product, error) {
	return ask[[]Product](ctx, c, commandProducts, none{})
}

// Details returns everything that operators have written of the products, and of their sizes, in
// the order of the page; also of products that shoppers do not see.
func (c *Client) Details(ctx context.Context) ([]Details, error) {
	return ask[[]Details](ctx, c, commandDetails, none{})
}

// Save creates and changes products, all of them or none, see [inventory.Store.Save]. It returns
// after the node shows it. The error is inventory.Problems if the edits are wrong.
func (c *Client) Save(ctx context.Context, q SaveRequest) (Saved, error) {
	done, err := ask[Saved](ctx, c, commandSave, q)
	if err == nil && len(done.Problems) > 0 {
		return Saved{}, done.Problems
	}
	return done, err
}

// Pictures finds pictures by their ids or by the names of their renditions, and returns the ids of
// those that there are by these names.
func (c *Client) Pictures(ctx context.Context, names ...string) (map[string]string, error) {
	return ask[map[string]string](ctx, c, commandPictures, PicturesRequest{names})
}

// AddPicture uploads a photo, and returns the id of the picture that was made of it.
//
// The first part is small, and a node with too many uploads refuses it. If clients sent large parts
// at once, they would fill the queue of the node's connection, and NATS would close it.
func (c *Client) AddPicture(ctx context.Context, photo []byte) (id string, err error) {
	upload := rand.Text()
	size := firstPartSize
	for part := 0; ; part, size = part+1, partSize {
		data := photo[:min(size, len(photo))]
		photo = photo[len(data):]
		added, err := ask[PictureAdded](ctx, c, commandPart, PicturePart{upload, part, data, len(photo) == 0})
		if err != nil || len(photo) == 0 || added.ID != "" {
			return added.ID, err
		}
	}
}

// Rendition returns the bytes of a rendition.
func (c *Client) Rendition(ctx context.Context, name string) (data []byte, err error) {
	for {
		part, err := ask[RenditionPart](ctx, c, commandRendition, RenditionRequest{name, len(data)})
		if err != nil {
			return nil, err
		}
		if data = append(data, part.Data...); len(data) >= part.Bytes || len(part.Data) == 0 {
			return data, nil
		}
	}
}

// Shop returns the settings of the shop, and its pages without their text.
func (c *Client) Shop(ctx context.Context) (Shop, error) {
	return ask[Shop](ctx, c, commandShop, none{})
}

// SetShop changes settings. It returns after the node shows them. The error is storefront.Problems
// if the edit is wrong.
func (c *Client) SetShop(ctx context.Context, edit storefront.Edit) (FrontSaved, error) {
	return c.saveFront(ctx, commandShopSet, edit)
}

// Page returns a page with its text.
func (c *Client) Page(ctx context.Context, slug storefront.Slug) (storefront.PageRow, error) {
	return ask[storefront.PageRow](ctx, c, commandPage, PageRequest{slug})
}

// SavePage writes or removes a page. It returns after the node shows it. The error is
// storefront.Problems if the edit is wrong.
func (c *Client) SavePage(ctx context.Context, edit storefront.PageEdit) (FrontSaved, error) {
	return c.saveFront(ctx, commandPageSave, edit)
}

func (c *Client) saveFront(ctx context.Context, command string, edit any) (FrontSaved, error) {
	done, err := ask[FrontSaved](ctx, c, command, edit)
	if err == nil && len(done.Problems) > 0 {
		return FrontSaved{}, done.Problems
	}
	return done, err
}

// Release releases a product, now or at a time to come, or takes that back. It returns after the
// node shows it. The error is a *Question when the time is far away.
func (c *Client) Release(ctx context.Context, q ReleaseRequest) (Released, error) {
	return ask[Released](ctx, c, commandRelease, q)
}

// Pause stops the selling of a product or of the whole shop, or resumes it. It returns after the
// node shows it.
func (c *Client) Pause(ctx context.Context, q PauseRequest) (Paused, error) {
	return ask[Paused](ctx, c, commandPause, q)
}

// Drops lists the planned drops by their time, then the latest others.
func (c *Client) Drops(ctx context.Context) ([]DropView, error) {
	return ask[[]DropView](ctx, c, commandDrops, DropsRequest{})
}

// Drop returns a drop.
func (c *Client) Drop(ctx context.Context, id inventory.DropID) (DropView, error) {
	if id < 1 {
		return DropView{}, errors.New(noDrop)
	}
	found, err := ask[[]DropView](ctx, c, commandDrops, DropsRequest{id})
	if err != nil {
		return DropView{}, err
	}
	return found[0], nil
}

// PlanDrop plans a drop. The error is a *Question when the time is far away.
func (c *Client) PlanDrop(ctx context.Context, q PlanRequest) (DropView, error) {
	return ask[DropView](ctx, c, commandPlan, q)
}

// ChangeDrop moves a drop, cancels it, or changes its end.
func (c *Client) ChangeDrop(ctx context.Context, q DropChange) (DropView, error) {
	return ask[DropView](ctx, c, commandChange, q)
}

// Restock adds pairs to an item. It returns after the node shows them. The error is a *Question
// when they are very many.
func (c *Client) Restock(ctx context.Context, q RestockRequest) (Restocked, error) {
	return ask[Restocked](ctx, c, commandRestock, q)
}

// Correct adds pairs that were found to an item, or takes away those that are missing. It returns
// after the node shows it.
func (c *Client) Correct(ctx context.Context, q CorrectRequest) (Corrected, error) {
	return ask[Corrected](ctx, c, commandCorrect, q)
}

// Sell sells up to MaxSell pairs of items chosen by chance. The pairs in the result are sold, also
// beside an error.
func (c *Client) Sell(ctx context.Context, q SellRequest) (Sold, error) {
	return ask[Sold](ctx, c, commandSell, q)
}

// Nodes lists the nodes of the cluster, by name.
func (c *Client) Nodes(ctx context.Context, q NodesRequest) ([]NodeView, error) {
	return ask[[]NodeView](ctx, c, commandNodes, q)
}

// Seed fills an empty store, and tells whether it was empty.
func (c *Client) Seed(ctx context.Context) (bool, error) {
	return ask[bool](ctx, c, commandSeed, none{})
}

// SeedMore puts the products of the seed and four more into the store, see
// [inventory.Store.SeedMore].
func (c *Client) SeedMore(ctx context.Context) (inventory.Seeded, error) {
	return ask[inventory.Seeded](ctx, c, commandSeedMore, none{})
}

// ask sends a command and waits for its answer.
func ask[R any](ctx context.Context, c *Client, command string, q any) (result R, err error) {
	b, err := json.Marshal(q)
	if err != nil {
		return result, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeoutOf(command)+EverywhereWithin+2*time.Second)
	defer cancel()
	m, err := c.conn.RequestMsgWithContext(ctx, &nats.Msg{
		Subject: c.Node.Commands(command), Data: b, Header: nats.Header{whoHeader: {c.Who}},
	})
	switch {
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrNoResponders),
		errors.Is(err, context.DeadlineExceeded):
		return result, fmt.Errorf("node %s did not answer: it may have stopped; what it had committed stands",
			c.Node.Name)
	case err != nil:
		return result, fmt.Errorf("ask node %s: %w", c.Node.Name, err)
	}
	var ans reply[R]
	if err := json.Unmarshal(m.Data, &ans); err != nil {
		return result, fmt.Errorf("answer of node %s: %w", c.Node.Name, err)
	}
	if ans.Asks != "" {
		return ans.Result, &Question{ans.Asks}
	}
	if ans.Error != "" {
		return ans.Result, errors.New(ans.Error)
	}
	return ans.Result, nil
}
