package pipeline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"yhat/io/table"
	"yhat/nn"
)

// binder ties the model's features and the kept columns to the columns of
// each input, by name. The first input decides which columns are kept, in what
// order and as what; later ones must have them, in any order.
type binder struct {
	job   *Job
	card  *nn.Card
	from  []Source            // of each feature
	dicts []*table.Dictionary // one for each categorical feature, else nil
	extra stored              // what verify compares with
	raw   bool
	words bool     // kept cells without a type of --types stay text
	keep  []string // names of the kept columns, from the first input
	kept  []table.Field
	first table.Info
}

// binding is what one input gives: a request, and where in its answer each
// feature is.
type binding struct {
	request  table.Request
	fields   []table.Field
	index    map[string]int // of fields by name, -1 where two have it; made by find
	features []boundFeature
	extra    []int // slots of the stored predictions
	why      int   // slot of the stored reasons, -1 where there are none
	dropped  int   // columns that the first input does not have
}

// boundFeature is a feature of the model at its slot of the request.
type boundFeature struct {
	slot         int
	column       string
	factor, plus float64
}

// newBinder binds the first input.
func newBinder(job *Job, card *nn.Card, sources []string, src table.Source, extra stored) (*binder, *binding, error) {
	b := &binder{job: job, card: card, extra: extra, first: src.Info()}
	for i := range card.Features {
		var d *table.Dictionary
		if f := &card.Features[i]; f.Categorical() {
			d = table.NewDictionary(f.Categories)
		}
		b.dicts = append(b.dicts, d)
		from, ok := job.Bind.Map[card.Features[i].Name]
		if !ok {
			from = Source{Column: sources[i], Factor: 1}
		}
		b.from = append(b.from, from)
	}
	if err := b.checkMap(); err != nil {
		return nil, nil, err
	}
	b.raw = job.Raw(b.first.Format)
	b.words = job.Words != nil && job.Words(b.first.Format)
	if err := b.chooseKept(src.Fields()); err != nil {
		return nil, nil, err
	}
	bound, err := b.bind(src)
	return b, bound, err
}

// checkMap refuses a mapped feature that the model does not have.
func (b *binder) checkMap() error {
	var names []string
	for _, f := range b.card.Features {
		names = append(names, f.Name)
	}
	for name := range b.job.Bind.Map {
		if !slices.Contains(names, name) {
			return fmt.Errorf("%w: --map names %s, which is no feature of the model%s", table.ErrUsage, quote(name), didYouMean(name, names))
		}
	}
	return nil
}

// chooseKept fixes names and types of the kept columns by the first input.
func (b *binder) chooseKept(fields []table.Field) error {
	names := fieldNames(fields)
	for _, k := range b.job.Columns.Keep {
		if !slices.Contains(names, k) {
			return fmt.Errorf("%w: %s: no column %s to keep%s", table.ErrData, b.first.Path, quote(k), noSuchColumn(k, names))
		}
	}
	if err := b.checkTypes(names); err != nil {
		return err
	}
	for i, f := range fields {
		if !utf8.ValidString(f.Name) {
			return fmt.Errorf("%w: %s: the name of column %d is no UTF-8 (%s): see --encoding, such as windows-1252", table.ErrData, b.first.Path, i+1, table.BadUTF8)
		}
		if !b.job.Columns.KeepAll && !slices.Contains(b.job.Columns.Keep, f.Name) {
			continue
		}
		if f.Type == nil && !b.raw {
			f.Type = b.textType(f.Name)
		}
		b.keep = append(b.keep, f.Name)
		b.kept = append(b.kept, f)
	}
	return nil
}

// checkTypes refuses types for columns that are not there, and for inputs
// whose columns have types of their own.
func (b *binder) checkTypes(names []string) error {
	for name := range b.job.Columns.Types {
		if !b.first.Format.Text() {
			return fmt.Errorf("%w: --types is for text inputs; the columns of %s have types of their own", table.ErrUsage, b.first.Path)
		}
		if !slices.Contains(names, name) {
			return fmt.Errorf("%w: %s: no column %s to give a type%s", table.ErrData, b.first.Path, quote(name), noSuchColumn(name, names))
		}
	}
	return nil
}

// textType is what the cells of a kept text column become in a typed format.
func (b *binder) textType(name string) arrow.DataType {
	if t, ok := b.job.Columns.Types[name]; ok {
		return t
	}
	if b.words {
		return arrow.BinaryTypes.String
	}
	for i := range b.card.Features {
		f := &b.card.Features[i]
		if !f.Categorical() && b.from[i].Column == name {
			return arrow.PrimitiveTypes.Float64
		}
	}
	return arrow.BinaryTypes.String
}

// bind makes the request for one input.
func (b *binder) bind(src table.Source) (*binding, error) {
	info, fields := src.Info(), src.Fields()
	if info.Format.Text() != b.first.Format.Text() {
		return nil, fmt.Errorf("%w: %s is %s but %s is %s: text and binary tables cannot be one stream", table.ErrUsage, b.first.Path, b.first.Format, info.Path, info.Format)
	}
	if b.raw && b.job.Raw(info.Format) != b.raw {
		return nil, fmt.Errorf("%w: %s is %s but %s is %s: their cells are written differently", table.ErrUsage, b.first.Path, b.first.Format, info.Path, info.Format)
	}
	bound := &binding{fields: fields}
	bound.request.Raw = b.raw
	bound.request.PadRagged = b.job.Bad.Policy == Null
	if err := b.bindFeatures(bound, info.Path); err != nil {
		return nil, err
	}
	if err := b.bindKept(bound, info.Path); err != nil {
		return nil, err
	}
	return bound, nil
}

// bindFeatures finds a column for each feature; features that read the same
// column the same way share a slot.
func (b *binder) bindFeatures(bound *binding, path string) error {
	for i := range b.card.Features {
		f := &b.card.Features[i]
		from := b.from[i]
		if f.Categorical() && (from.Factor != 1 || from.Plus != 0) {
			return fmt.Errorf("%w: --map %s: a category has no unit to change", table.ErrUsage, f.Name)
		}
		slot, err := bound.slot(path, f.Name, from.Column, table.FeatureRequest{Dict: b.dicts[i]})
		if err != nil {
			return err
		}
		bound.features = append(bound.features, boundFeature{slot, from.Column, from.Factor, from.Plus})
	}
	for _, name := range b.extra.predictions {
		slot, err := bound.slot(path, name, name, table.FeatureRequest{Point: true})
		if err != nil {
			return err
		}
		bound.extra = append(bound.extra, slot)
	}
	return b.bindWhy(bound, path)
}

// bindWhy finds the column of stored reasons, if the input has one of words.
func (b *binder) bindWhy(bound *binding, path string) (err error) {
	bound.why = -1
	at := slices.IndexFunc(bound.fields, func(f table.Field) bool { return f.Name == b.extra.why })
	if b.extra.why == "" || at < 0 || !ofWords(bound.fields[at].Type) {
		return nil
	}
	bound.why, err = bound.slot(path, b.extra.why, b.extra.why, table.FeatureRequest{Dict: table.NewDictionary(reasonWords())})
	return err
}

// ofWords reports whether cells of the type are text; cells without one are.
func ofWords(t arrow.DataType) bool {
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	return t == nil || slices.Contains([]arrow.Type{arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW}, t.ID())
}

// slot returns the slot of a column that is wanted so, asking for it if nobody
// has.
func (bound *binding) slot(path, feature, column string, want table.FeatureRequest) (int, error) {
	at, err := bound.find(path, column)
	if err != nil {
		if feature != column {
			return 0, fmt.Errorf("%w (feature %s)", err, quote(feature))
		}
		return 0, err
	}
	want.Column = at
	for slot, have := range bound.request.Features {
		if have == want {
			return slot, nil
		}
	}
	bound.request.Features = append(bound.request.Features, want)
	return len(bound.request.Features) - 1, nil
}

// find is the function find on the input's columns, which may be many.
func (bound *binding) find(path, name string) (int, error) {
	if bound.index == nil {
		bound.index = map[string]int{}
		for i, f := range bound.fields {
			if _, twice := bound.index[f.Name]; twice {
				i = -1
			}
			bound.index[f.Name] = i
		}
	}
	if at, ok := bound.index[name]; ok && at >= 0 {
		return at, nil
	}
	return find(path, bound.fields, name) // an error that says why
}

// find returns the index of the one column of that name.
func find(path string, fields []table.Field, name string) (int, error) {
	names := fieldNames(fields)
	at := slices.Index(names, name)
	if at < 0 {
		return 0, fmt.Errorf("%w: %s: no column %s%s", table.ErrData, path, quote(name), noSuchColumn(name, names))
	}
	if slices.Contains(names[at+1:], name) {
		return 0, fmt.Errorf("%w: %s: two columns are named %s; rename one of them", table.ErrData, path, quote(name))
	}
	return at, nil
}

// noSuchColumn is the end of a message about a column that the table lacks: the
// nearest name, or advice about a table that is read wrongly, whose one name
// may be a row.
func noSuchColumn(name string, names []string) string {
	if len(names) != 1 {
		return didYouMean(name, names)
	}
	if strings.HasPrefix(names[0], `{"`) {
		return "; the table has one column, which looks like JSON: where each line is an object, use --input-format ndjson"
	}
	at := strings.IndexAny(names[0], ";\t|,")
	if at < 0 {
		return didYouMean(name, names)
	}
	word := "'" + names[0][at:at+1] + "'"
	if names[0][at] == '\t' {
		word = "tab"
	}
	return fmt.Sprintf("; the table has one column, which looks like %s: use --delimiter %s", word, word)
}

// bindKept finds the kept columns. In the first input, or one with the same
// header, a name that stands twice is its own column each time.
func (b *binder) bindKept(bound *binding, path string) error {
	careful := !b.raw || !b.job.Columns.KeepAll
	same := b.job.Columns.KeepAll && slices.Equal(fieldNames(bound.fields), b.keep)
	found := make([]bool, len(bound.fields))
	for i, name := range b.keep {
		at := i
		if !same || careful {
			var err error
			if at, err = bound.find(path, name); err != nil {
				return err
			}
			if found[at] {
				return fmt.Errorf("%w: %s: one column is named %s, in %s there are two; rename one of those", table.ErrData, path, quote(name), b.first.Path)
			}
			found[at] = true
		}
		keep := table.KeepRequest{Column: at, Type: b.kept[i].Type}
		_, keep.Strict = b.job.Columns.Types[name]
		if have := bound.fields[at].Type; have != nil && !table.Fits(have, keep.Type) {
			return fmt.Errorf("%w: %s: column %s is %s here but %s in %s%s", table.ErrData, path, quote(name), have, keep.Type, b.first.Path, otherOrder(have, keep.Type))
		}
		bound.request.Keep = append(bound.request.Keep, keep)
	}
	if b.job.Columns.KeepAll {
		bound.dropped = len(bound.fields) - len(b.keep)
	}
	return nil
}

// otherOrder is a hint where the first input's type is the narrower one.
func otherOrder(later, first arrow.DataType) string {
	if table.Fits(first, later) {
		return ", which decides the type; put this input first"
	}
	return ""
}

// columnName names what a bad cell's slot reads.
func (bound *binding) columnName(bad table.Bad) string {
	if bad.Column < 0 {
		return ""
	}
	return bound.fields[bad.Column].Name
}

func fieldNames(fields []table.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

func quote(s string) string { return strconv.Quote(s) }
