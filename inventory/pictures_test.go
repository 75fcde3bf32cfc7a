package inventory_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/inventory"
	"sneakers23/inventory/picture"
	"sneakers23/inventory/picture/picturetest"
)

// photo is one that no other test uploads with another number.
func photo(n int) []byte { return picturetest.JPEG(picturetest.Quarters(110+n, 110)) }

// upload adds pictures of photos with these numbers, and returns their ids.
func upload(t testing.TB, store *inventory.Store, numbers ...int) []string {
	t.Helper()
	s := inventory.NewServer(store, inventory.DefaultThresholds, inventory.NewDispatcher(),
		slog.New(slog.DiscardHandler))
	var ids []string
	for _, n := range numbers {
		id, err := s.AddPicture(t.Context(), photo(n))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// imagesOf gives the first product these pictures.
func imagesOf(pictures ...string) inventory.Edit {
	images := []inventory.ImageDetails{}
	for _, id := range pictures {
		images = append(images, inventory.ImageDetails{Picture: id, Alt: " seen from the side "})
	}
	return inventory.Edit{SKU: "SHU6000", Images: &images}
}

func TestSaveImages(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	before := products(t, store)["SHU6000"]
	ids := upload(t, store, 1, 2, 1)
	if ids[0] != ids[2] || ids[0] == ids[1] {
		t.Errorf("ids %q: want one for each photo, however often it comes", ids)
	}
	saved, changes := save(t, store, imagesOf(ids[1], ids[0]))
	p := products(t, store)["SHU6000"]
	made, err := picture.Make(photo(2))
	if err != nil {
		t.Fatal(err)
	}
	want := inventory.Image{
		Picture: ids[1], Alt: "seen from the side", Renditions: []picture.Rendition{made.Renditions[0].Rendition},
	}
	if len(p.Images) != 2 || !cmp.Equal(p.Images[0], want) || p.Thumbnail() != "/images/"+made.Renditions[0].Name {
		t.Errorf("images %+v, shown by %s; want first %+v", p.Images, p.Thumbnail(), want)
	}
	if p.Details().Version() == before.Details().Version() || len(saved[0].Changes) != 1 ||
		saved[0].Changes[0].Field != "images" || len(changes) == 0 || !cmp.Equal(changes[0].Product.Images, p.Images) {
		t.Errorf("saved %+v with %+v, want other images and another version", saved, changes[0].Product)
	}
	if data, err := store.Rendition(t.Context(), made.Renditions[0].Name); err != nil || !cmp.Equal(data,
		made.Renditions[0].Bytes) {
		t.Errorf("the rendition has %d bytes, %v; want %d", len(data), err, len(made.Renditions[0].Bytes))
	}
	if _, err := store.Rendition(t.Context(), strings.Repeat("0", 32)+".jpg"); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("error %v of a rendition that there is not, want ErrNotFound", err)
	}
	if saved, _ := save(t, store, imagesOf(ids[1], ids[0])); !saved[0].Unchanged() {
		t.Errorf("the same images again change %+v", saved)
	}
	save(t, store, inventory.Edit{SKU: "SHU6000", Color: new("green")})
	if after := products(t, store)["SHU6000"]; !cmp.Equal(after.Images, p.Images) {
		t.Errorf("another color leaves the images %+v", after.Images)
	}
	save(t, store, imagesOf())
	if p := products(t, store)["SHU6000"]; len(p.Images) != 0 || p.Thumbnail() != before.MainImageURL {
		t.Errorf("without images it is shown by %q, want %q as before", p.Thumbnail(), before.MainImageURL)
	}
	wantEvents := []string{"edited Hop Man 3 ann images", "edited Hop Man 3 ann color yellow/blue to green",
		"edited Hop Man 3 ann images"}
	if diff := cmp.Diff(wantEvents, events(t, pool)); diff != "" {
		t.Errorf("events: want, got: %s", diff)
	}
}

func TestSaveRefusesImages(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	ids := upload(t, store, 1, 2, 3, 4, 5, 6, 7)
	silent := imagesOf(ids[0])
	(*silent.Images)[0].Alt = " "
	long := imagesOf(ids[0])
	(*long.Images)[0].Alt = strings.Repeat("x", inventory.MaxAlt+1)
	turned := imagesOf(ids[0])
	(*turned.Images)[0].Alt = "seen \u202efrom behind"
	for name, test := range map[string]struct {
		edit inventory.Edit
		want string
	}{
		"seven":   {imagesOf(ids...), "images are 7, of at most 6"},
		"twice":   {imagesOf(ids[0], ids[1], ids[0]), "images 3 is the same picture as another one"},
		"unknown": {imagesOf("nothing"), `images 1 is picture "nothing", which was not uploaded, or is deleted`},
		"silent":  {silent, "images 1 has no text"},
		"long":    {long, "images is 301 characters long, of at most 300"},
		"turned":  {turned, "invisible character U+202E"},
	} {
		_, _, err := store.Save(t.Context(), []inventory.Edit{test.edit})
		if _, own := errors.AsType[inventory.Problems](err); !own || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want a problem with %q", name, err, test.want)
		}
	}
	if p := products(t, store)["SHU6000"]; len(p.Images) > 0 {
		t.Errorf("images %+v after nothing but refusals", p.Images)
	}
	save(t, store, imagesOf(ids[:6]...))
}

// pictureIDs are those of the pictures in the database.
func pictureIDs(t testing.TB, pool *pgxpool.Pool) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM pictures`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestPicturesAreKept holds which pictures an upload deletes: old ones that neither a product nor
// an order shows.
func TestPicturesAreKept(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	ids := upload(t, store, 1, 2, 3, 4)
	save(t, store, imagesOf(ids[0]))
	old := func() {
		if _, err := pool.Exec(t.Context(), `UPDATE pictures SET used_at = now() - interval '31 days'`); err != nil {
			t.Fatal(err)
		}
	}
	ordered := `WITH o AS (INSERT INTO orders (id, total_cents) VALUES (gen_random_uuid(), 100) RETURNING id)
		INSERT INTO order_lines
			(order_id, line_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents)
		SELECT o.id, gen_random_uuid(), 1, 1, 'x', '1', 'x', 'x', 'x', '/images/' || name, 100
		FROM o, renditions WHERE picture_id = $1`
	if _, err := pool.Exec(t.Context(), ordered, ids[1]); err != nil {
		t.Fatal(err)
	}
	old()
	upload(t, store, 3) // which is there, and used again
	upload(t, store, 5)
	if n := pictureIDs(t, pool); n != 4 {
		t.Errorf("%d pictures, want that of the product, of the order, the one used again, and the new one", n)
	}
	if _, _, err := store.Save(t.Context(), []inventory.Edit{imagesOf(ids[3])}); err == nil {
		t.Error("a product gets a picture that is deleted")
	}
	old()
	save(t, store, imagesOf()) // the picture can be taken back for a month
	upload(t, store, 6)
	if saved, _ := save(t, store, imagesOf(ids[0])); saved[0].Unchanged() {
		t.Errorf("saved %+v, want the picture back", saved)
	}
	if n := pictureIDs(t, pool); n != 3 {
		t.Errorf("%d pictures, want that of the product, of the order, and the new one", n)
	}
}

// TestMissedImages compares nodes that know the same revision, of which one was told without
// images: by a node of a version that has none.
func TestMissedImages(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	save(t, store, imagesOf(upload(t, store, 1)...))
	rows := readRows(t, store)
	told := readRows(t, store)
	for i := range told.Products {
		told.Products[i].Images = nil
	}
	missed := inventory.NewCatalog(told, inventory.DefaultThresholds).Missed(rows)
	if len(missed) != 1 || len(missed[0].Product.Images) != 1 {
		t.Errorf("missed %+v, want the product with its image", missed)
	}
	if missed := inventory.NewCatalog(rows, inventory.DefaultThresholds).Missed(rows); len(missed) != 0 {
		t.Errorf("missed %+v of what is the same", missed)
	}
}

// TestPicturesShareRenditions deletes one of two pictures that look the same.
func TestPicturesShareRenditions(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	made, err := picture.Make(photo(1))
	if err != nil {
		t.Fatal(err)
	}
	twin := made
	twin.ID = strings.Repeat("0", 32)
	for _, p := range []picture.Picture{made, twin} {
		if err := store.AddPicture(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(t.Context(), `DELETE FROM pictures WHERE id = $1`, made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Rendition(t.Context(), made.Renditions[0].Name); err != nil {
		t.Errorf("the rendition of the other picture is gone: %v", err)
	}
}
