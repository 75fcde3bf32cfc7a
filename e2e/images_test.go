package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/picture/picturetest"
)

// writePhoto writes a photo into a folder, and returns its path.
func writePhoto(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// naturalWidth is what the browser knows of an image once it is there.
const naturalWidth = `selector => { const image = document.querySelector(selector); return image && image.complete ? image.naturalWidth : 0 }`

// TestImages puts photos of a product up at one node, while a shopper looks at its page at the
// other: the page follows, browsers read the photos from either node, and so does the cart.
func TestImages(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	s, other := nodes[0], nodes[1]
	s.run("release", "SHU6000")
	s.run("restock", "SHU6001", "10", "--yes") // the stock of a new shop is random
	dir := t.TempDir()
	upright := picturetest.WithEXIF(picturetest.JPEG(picturetest.Quarters(800, 600)), 6, "50.1109 N, 8.6821 E")
	side, sole := writePhoto(t, dir, "side.jpg", upright), writePhoto(t, dir, "sole.png",
		picturetest.PNG(picturetest.Quarters(500, 500)))

	v := newVisitor(t, other.URL+"/products/SHU6000")
	v.wait(".product-art:not(.product-art--photo)")
	s.run("products", "image", "add", "SHU6000", side, "--alt", "From the <left>")
	v.wait(".product-art--photo")
	waittest.Until(t, "the page of the other node shows the photo", func() bool {
		return evaluate[int](v, naturalWidth, ".product-art--photo") > 0
	})
	if alt := evaluate[string](v, `() => document.querySelector(".product-art--photo").alt`); alt != "From the <left>" {
		t.Errorf("the text of the photo is %q", alt)
	}
	if size := evaluate[string](v,
		`() => { const i = document.querySelector(".product-art--photo"); return i.getAttribute("width") + " " + i.getAttribute("height") }`); size != "600 800" {
		t.Errorf("the photo is %s, want it upright: 600 800", size)
	}
	s.run("products", "image", "add", "shu6000", sole, "--alt", "The sole", "--first")
	v.wait(`.product-photos__photo[alt="From the <left>"]`)
	waittest.Until(t, "the other photo is there", func() bool {
		return evaluate[int](v, naturalWidth, ".product-photos__photo") > 0
	})

	// the same bytes from both nodes, for ever; nothing of what the camera wrote
	_, page := s.get("/products/SHU6000")
	urls := regexp.MustCompile(`/images/[0-9a-f]{32}\.(jpg|png)`).FindAllString(page, -1)
	if len(urls) < 4 {
		t.Fatalf("the page names the renditions %q", urls)
	}
	for _, url := range urls {
		var bodies [2]string
		for i, node := range nodes {
			bodies[i] = image(t, node, url)
		}
		if bodies[0] != bodies[1] || strings.Contains(bodies[0], "50.1109") {
			t.Errorf("%s: %d bytes and %d bytes", url, len(bodies[0]), len(bodies[1]))
		}
	}
	if status, _ := s.get("/images/" + strings.Repeat("0", 32) + ".jpg"); status != http.StatusNotFound {
		t.Errorf("an image that there is not has status %d", status)
	}

	// the cart and the order show the first photo, in the narrowest rendition, which comes first in
	// srcset
	thumbnail := urls[1]
	v.click(size(1))
	v.wait(fmt.Sprintf(`.cart-item__art[src=%q]`, thumbnail))
	v.checkOut()
	v.says("h1", "Your order is complete!")
	v.wait(fmt.Sprintf(`.checkout-line__art[src=%q]`, thumbnail))

	if out := s.run("products", "image", "remove", "SHU6000", "1"); !strings.Contains(out, "To take it back") {
		t.Errorf("no way back is shown: %s", out)
	}
	var listed []inventory.Image
	if err := json.Unmarshal([]byte(s.run("products", "image", "list", "SHU6000", "--json")), &listed); err != nil ||
		len(listed) != 1 || listed[0].Alt != "From the <left>" {
		t.Errorf("listed %+v, %v", listed, err)
	}
	image(t, other, thumbnail) // that of the order
}

// image reads an image from a node.
func image(t *testing.T, node *shop, url string) string {
	t.Helper()
	res, err := http.Get(node.URL + url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Cache-Control"),
		"immutable") {
		t.Errorf("%s: status %d, %v, %q", url, res.StatusCode, err, res.Header.Get("Cache-Control"))
	}
	return string(body)
}

// TestImportWithPhotos imports a file that names photos, which another shop gets by an export.
func TestImportWithPhotos(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	dir := t.TempDir()
	writePhoto(t, dir, "side.jpg", picturetest.JPEG(picturetest.Quarters(700, 500)))
	writePhoto(t, dir, "page.jpg", []byte("\xff\xd8\xff<script>alert(1)</script>"))
	file := filepath.Join(dir, "shop.yaml")
	var many []string
	for i := range 200 { // what is behind the end of a photo makes it another one
		name := fmt.Sprintf("%d.jpg", i)
		writePhoto(t, dir, name, fmt.Append(picturetest.JPEG(picturetest.Quarters(120, 120)), i))
		many = append(many, fmt.Sprintf("{file: %s, alt: x}", name))
	}
	for _, tt := range []struct {
		images string
		args   string
		code   int
		says   string
	}{
		{"[{file: gone.jpg, alt: x}]", "", 1, "line 3: SHU6000: images 1: open " + filepath.Join(dir, "gone.jpg")},
		{"[{file: page.jpg, alt: x}]", "", 1, "page.jpg: the JPEG cannot be read"},
		{"[{file: side.jpg}]", "", 1, "line 3: SHU6000: images 1 has no text"},
		{"[{file: side.jpg, alt: x}, {file: side.jpg, alt: y}]", "", 1, "images 2 is the same picture"},
		{"[" + strings.Join(many, ", ") + "]", "", 1, "line 3: SHU6000: images are 200, of at most 6"},
		{"[{file: side.jpg, alt: From the left}]", "--try", 0, "1 changed"},
		{"[{file: side.jpg, alt: From the left}]", "", 0, "1 changed"},
		{"[{file: side.jpg, alt: From the left}]", "", 0, "0 changed"},
	} {
		writePhoto(t, dir, "shop.yaml", []byte("products:\n- sku: SHU6000\n  images: "+tt.images+"\n"))
		out, errOut, code := s.try(append([]string{"products", "import", file}, strings.Fields(tt.args)...)...)
		if code != tt.code || !strings.Contains(out+errOut, tt.says) {
			t.Errorf("%q %s: exit code %d, want %d, with %q in:\n%s%s", tt.images, tt.args, code, tt.code, tt.says, out,
				errOut)
		}
	}
	if uploaded := strings.Count(s.log.String(), "photo is uploaded"); uploaded != 1 {
		t.Errorf("%d photos were uploaded, want only that of the product that was saved", uploaded)
	}

	exported := filepath.Join(dir, "exported", "shop.json")
	if err := os.Mkdir(filepath.Dir(exported), 0o700); err != nil {
		t.Fatal(err)
	}
	s.run("products", "export", exported, "--images", "photos", "--json")
	if out := s.run("products", "import", exported); !strings.Contains(out, "0 products new, 0 changed, 2 unchanged") {
		t.Errorf("imported again: %s", out)
	}
	elsewhere := freshShop(t)
	if out := elsewhere.run("products", "import", exported); !strings.Contains(out,
		"0 products new, 1 changed, 1 unchanged") {
		t.Errorf("imported by another shop: %s", out)
	}
	if out := elsewhere.run("products", "import", exported); !strings.Contains(out, "0 changed, 2 unchanged") {
		t.Errorf("imported again by another shop: %s", out)
	}
	if out := elsewhere.run("products", "image", "list", "SHU6000"); !strings.Contains(out, "From the left") {
		t.Errorf("images of the other shop: %s", out)
	}
}
