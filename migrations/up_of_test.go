package migrations

import "testing"

// TestUpOf reads a step as goose does, and one that goose runs outside of a transaction.
func TestUpOf(t *testing.T) {
	t.Parallel()
	const begin = "-- +goose Up\n-- +goose StatementBegin\n"
	const end = "-- +goose StatementEnd\n\n-- +goose Down\nDROP TABLE a;\n"
	for name, tt := range map[string]struct{ text, want string }{
		"a step": {begin + "CREATE TABLE a ();\n" + end, "CREATE TABLE a ();\n"},
		"one by itself": {
			"-- +goose NO TRANSACTION\n" + begin + "CREATE INDEX CONCURRENTLY i ON a (b);\n" + end,
			"CREATE INDEX i ON a (b);\n",
		},
		"down first":      {"-- +goose Down\nDROP TABLE a;\n" + begin + end, ""},
		"two statements":  {begin + "-- +goose StatementEnd\n-- +goose StatementBegin\n" + end, ""},
		"without its end": {begin + "CREATE TABLE a ();\n", ""},
	} {
		if got, err := upOf(tt.text); got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v; want %q", name, got, err, tt.want)
		}
	}
}
