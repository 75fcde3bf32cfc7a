package catalogfile

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sneakers23/inventory"
)

// shop is what operators have written of two products, with words that YAML would take for
// something else.
func shop() []inventory.Details {
	return []inventory.Details{
		{
			SKU: "A-1", Brand: "Asler: x", Name: "9", Color: "yes", Price: 120_50, State: inventory.Live,
			Story: "one\n\ntwo: # x\n- three",
			Sizes: []inventory.SizeDetails{
				{SKU: "A-1-9", Size: "9.50", EU: "42", CM: "1e1"}, {SKU: "0x1F", Size: "null"},
			},
		},
		{SKU: "1.50", Order: -1, Brand: `"'`, Name: "=HYPERLINK(\"x\")", Price: 1, State: inventory.Archived},
	}
}

func TestRoundTrip(t *testing.T) {
	for format, name := range map[Format]string{YAML: "YAML", JSON: "JSON"} {
		var b bytes.Buffer
		if err := Write(&b, shop(), format); err != nil {
			t.Fatal(err)
		}
		edits, err := Parse(b.Bytes())
		if err != nil {
			t.Fatalf("%s: %v in\n%s", name, err, &b)
		}
		for i, d := range shop() {
			if diff := cmp.Diff(d, detailsOf(edits[i])); diff != "" {
				t.Errorf("%s: want, got: %s", name, diff)
			}
		}
	}
}

// detailsOf returns what an edit says.
func detailsOf(e inventory.Edit) inventory.Details {
	d := inventory.Details{
		SKU: e.SKU, Order: *e.Order, Brand: *e.Brand, Name: *e.Name, Color: *e.Color, Price: *e.Price, State: *e.State,
		Story: *e.Story,
	}
	for _, s := range e.Sizes {
		size := inventory.SizeDetails{SKU: s.SKU, Size: *s.Size, Stock: s.Stock}
		for to, from := range map[*string]*string{&size.EU: s.EU, &size.UK: s.UK, &size.CM: s.CM} {
			if from != nil {
				*to = *from
			}
		}
		d.Sizes = append(d.Sizes, size)
	}
	return d
}

func TestWriteYAML(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, shop()[:1], YAML); err != nil {
		t.Fatal(err)
	}
	want := `products:
  - sku: A-1
    order: 0
    brand: "Asler: x"
    name: "9"
    color: "yes"
    price: 120.50
    state: live
    story: |-
      one

      two: # x
      - three
    sizes:
      - sku: A-1-9
        us: "9.50"
        eu: "42"
        cm: 1e1
      - sku: "0x1F"
        us: "null"
`
	got := strings.ReplaceAll(b.String(), "      \n", "\n") // the library indents empty lines
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want, got: %s", diff)
	}
}

// TestParse reads what people write.
func TestParse(t *testing.T) {
	for name, text := range map[string]string{
		"YAML": "# our shoes\nproducts:\n- sku: VOLT # the fast one\n  price: 99.5\n  sizes:\n" +
			"  - {sku: V-9, us: 9.50, stock: 5}\n",
		"JSON": "\ufeff{\"products\": [{\"sku\": \"VOLT\", \"price\": 99.5,\n\t\"sizes\": [" +
			"{\"sku\": \"V-9\", \"us\": 9.50, \"stock\": 5}]}]}\n",
	} {
		edits, err := Parse([]byte(text))
		want := []inventory.Edit{{
			SKU: "VOLT", Price: new(inventory.Cents(99_50)),
			Sizes: []inventory.SizeEdit{{SKU: "V-9", Size: new("9.50"), Stock: 5}},
		}}
		if diff := cmp.Diff(want, edits); err != nil || diff != "" {
			t.Errorf("%s: %v; want, got: %s", name, err, diff)
		}
	}
}

// TestDocument reads the file that docs/selling.md shows.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/selling.md")
	if err != nil {
		t.Fatal(err)
	}
	begin := []byte("```yaml\nproducts:")
	text = text[bytes.Index(text, begin)+len("```yaml\n"):]
	text, _, _ = bytes.Cut(text, []byte("```\n"))
	edits, err := Parse(text)
	if err != nil || len(edits) != 1 || len(edits[0].Sizes) != 2 || *edits[0].Sizes[0].EU != "42.5" {
		t.Errorf("got %+v, %v", edits, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		line int
		want string
	}{
		"nothing":           {" \n", 0, "empty"},
		"nonsense":          {"\x00\x01\x02", 1, "must stand here"},
		"words":             {"hello", 1, "must stand here"},
		"no products":       {"{}", 0, "must begin with the key products"},
		"no list":           {"products: 5", 1, "a list must stand here"},
		"no product":        {"products:\n- 5", 2, "must stand here"},
		"an unknown key":    {"products:\n- sku: A\n  nme: x", 3, `unknown field "nme"`},
		"a key twice":       {"products:\n- sku: A\n  sku: B", 3, `"sku" already defined`},
		"a list":            {"products:\n- sku: [A]", 2, "sku must be a text"},
		"three decimals":    {"products:\n- sku: A\n  price: 120.005", 3, `price is "120.005"`},
		"a price in words":  {"products:\n- sku: A\n  price: much", 3, `price is "much"`},
		"a negative price":  {"products:\n- sku: A\n  price: -1", 3, `price is "-1"`},
		"a price of nobody": {"products:\n- sku: A\n  price: 99999999999999999999", 3, "more than any shoe costs"},
		"half a price":      {"products:\n- sku: A\n  price: 1.", 3, "price is"},
		"a bad order":       {"products:\n- sku: A\n  order: 1.5", 3, "order must be a whole number"},
		"an alias":          {"products:\n- &a {sku: A}\n- *a", 2, "anchors"},
		"a tag":             {"products:\n- sku: !!binary QQ==", 2, "anchors"},
		"two documents":     {"products: []\n---\nproducts: []", 0, "2 documents"},
		"deep":              {"products:\n" + strings.Repeat("[", MaxBytes/2), 2, "nested too deeply"},
		"deep on its side":  {"products:\n" + strings.Repeat("- ", MaxBytes/4), 2, "nested too deeply"},
		"not closed":        {"products: [", 1, "not found"},
		"JSON, unknown key": {"{\"products\": [{\"sku\": \"A\",\n\t\"nme\": 1}\n]\n}", 2, `unknown field "nme"`},
		"JSON, no list":     {"{\"products\": {}\n}", 1, "must stand here"},
		"JSON, a price":     {"{\"products\": [{\"sku\": \"A\",\n\"price\": \"1.234\"}\n]\n}", 2, `price is "1.234"`},
		"JSON, a list":      {"{\"products\": [\n{\"sku\": [\"A\"]}\n]\n}", 2, "sku must be a text"},
		"JSON, an order":    {"{\"products\": [\n{\"order\": \"x\"}\n]\n}", 2, "order must be a whole number"},
		"JSON, more":        {"{\"products\": []}\n{}", 1, "follows"},
		"JSON, not closed":  {"{\"products\": [", 1, "not found"},
		"too much":          {strings.Repeat("# x\n", MaxBytes/4+1), 0, "larger than"},
	} {
		edits, err := Parse([]byte(tt.text))
		found, ok := errors.AsType[*Error](err)
		if !ok || found.Line != tt.line || !strings.Contains(found.Text, tt.want) || edits != nil {
			t.Errorf("%s: got %v, %v; want line %d: …%s…", name, edits, err, tt.line, tt.want)
		}
	}
}

func TestLocate(t *testing.T) {
	yaml := "products:\n- sku: A\n  name: x\n- sku: B\n  sizes:\n  - sku: B-9\n  - sku: B-10\n    us: long\n"
	json := "{\n\"products\": [\n{\"sku\": \"A\",\n\t\"name\": \"x\"},\n{\"sku\": \"B\"}]}"
	problem := func(edit, size int, field string) inventory.Problem {
		return inventory.Problem{Edit: edit, Size: size, Field: field, Text: "is wrong"}
	}
	for _, tt := range []struct {
		text    string
		problem inventory.Problem
		want    string
	}{
		{yaml, problem(0, -1, "name"), "line 3: A: name is wrong"},
		{yaml, problem(1, -1, "brand"), "line 4: B: brand is wrong"}, // which is missing
		{yaml, problem(1, 1, "us"), "line 8: B: us is wrong"},
		{yaml, problem(1, 0, "us"), "line 6: B: us is wrong"},
		{yaml, problem(-1, -1, "products"), "products is wrong"},
		{json, problem(0, -1, "name"), "line 4: A: name is wrong"},
		{json, problem(1, -1, "price"), "line 5: B: price is wrong"},
	} {
		edits, err := Parse([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		if got := Locate([]byte(tt.text), edits, inventory.Problems{tt.problem}); got[0].Error() != tt.want {
			t.Errorf("got %q, want %q", got[0], tt.want)
		}
	}
}

// TestManyBrackets reads a file whose stories have brackets that are not closed.
func TestManyBrackets(t *testing.T) {
	products := make([]inventory.Details, inventory.MaxEdits)
	for i := range products {
		products[i] = shop()[0]
		products[i].Story = ":[ and {"
	}
	for _, format := range []Format{YAML, JSON} {
		var b bytes.Buffer
		if err := Write(&b, products, format); err != nil {
			t.Fatal(err)
		}
		if edits, err := Parse(b.Bytes()); err != nil || len(edits) != len(products) {
			t.Errorf("format %d: %d products, %v", format, len(edits), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, format := range []Format{YAML, JSON} {
		var b bytes.Buffer
		if err := Write(&b, shop(), format); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte("products:\n- &a {sku: A, price: 1.5}\n- *a\n- sizes: [{us: |\n 1}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		edits, err := Parse(data)
		if _, ok := errors.AsType[*Error](err); err != nil && !ok {
			t.Errorf("an error without a place: %v", err)
		}
		if err == nil {
			Locate(data, edits, inventory.Problems{{Edit: 0, Size: 0, Field: "us"}, {Edit: 3, Size: -1, Field: "sku"}})
		}
	})
}
