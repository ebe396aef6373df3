package table

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"maps"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// storedKey is under what a Parquet file holds the schema of the Arrow table
// that it was written from: a stream without batches, in base64.
const storedKey = "ARROW:schema"

// storedSchema is the Arrow schema that a file holds, nil if none.
func storedSchema(meta metadata.KeyValueMetadata) (*arrow.Schema, error) {
	text := meta.FindValue(storedKey)
	if text == nil {
		return nil, nil
	}
	b, err := base64.StdEncoding.DecodeString(*text)
	if err != nil {
		return nil, err
	}
	if err := checkSchemaMessage(bytes.NewReader(b)); err != nil {
		return nil, err
	}
	r, err := ipc.NewReader(bytes.NewReader(b), ipc.WithAllocator(memory.DefaultAllocator))
	if err != nil {
		return nil, err
	}
	defer r.Release()
	return r.Schema(), nil
}

// checkSchemaMessage checks that a stream begins with a sound schema.
func checkSchemaMessage(in io.Reader) error {
	m := &messages{in: bufio.NewReader(in), mem: memory.DefaultAllocator}
	defer m.Release()
	msg, err := m.Message()
	if err != nil || msg.Type() != ipc.MessageSchema {
		return errBadMetadata
	}
	return nil
}

// storeSchema is what a file is given for its readers to know the Arrow types.
func storeSchema(s *arrow.Schema, mem memory.Allocator) (metadata.KeyValueMetadata, error) {
	var stream bytes.Buffer
	if err := ipc.NewWriter(&stream, ipc.WithSchema(s), ipc.WithAllocator(mem)).Close(); err != nil {
		return nil, err
	}
	meta := metadata.NewKeyValueMetadata()
	return meta, meta.Append(storedKey, base64.StdEncoding.EncodeToString(stream.Bytes()))
}

// restore gives a field the type that it had in Arrow, where its own holds the
// same values. changed tells that type or metadata are others now.
func (f *parquetField) restore(origin arrow.Field) (changed bool, err error) {
	if e, ok := origin.Type.(arrow.ExtensionType); ok {
		changed, err = f.restore(arrow.Field{Type: e.StorageType(), Metadata: origin.Metadata})
		if changed && err == nil {
			err = f.extend(e)
		}
	} else if _, lists := origin.Type.(arrow.ListLikeType); origin.Type.ID() == f.Type.ID() || f.isList() && lists {
		changed, err = f.restoreWithin(origin.Type)
	} else {
		changed = f.restoreType(origin.Type)
	}
	if origin.HasMetadata() {
		all := origin.Metadata.ToMap()
		maps.Copy(all, f.Metadata.ToMap())
		f.Metadata, changed = arrow.MetadataFrom(all), true
	}
	return changed, err
}

func (f *parquetField) isList() bool { return f.Type.ID() == arrow.LIST }

// extend makes the field one of an extension type, if it is stored like that.
func (f *parquetField) extend(e arrow.ExtensionType) error {
	if arrow.TypeEqual(e, f.Type) {
		return nil
	}
	storage := f.Type
	if have, ok := storage.(arrow.ExtensionType); ok && have.ExtensionName() == e.ExtensionName() {
		storage = have.StorageType()
	}
	if !arrow.TypeEqual(e.StorageType(), storage) {
		return fmt.Errorf("its column %q of type %s is stored as %s", f.Name, e, f.Type)
	}
	f.Type = e
	return nil
}

// restoreType changes a leaf's type to one of another kind.
func (f *parquetField) restoreType(origin arrow.DataType) bool {
	have := f.Type.ID()
	switch t := origin.(type) {
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		if !arrow.IsBinaryLike(have) {
			return false
		}
		f.Type = origin
	case *arrow.DurationType:
		if have != arrow.INT64 {
			return false
		}
		f.Type = origin
	case *arrow.Decimal256Type:
		if have != arrow.DECIMAL128 {
			return false
		}
		f.Type = origin
	case *arrow.DictionaryType: // only of text do such columns keep their dictionary
		if !arrow.IsBinaryLike(have) {
			return false
		}
		f.Type = &arrow.DictionaryType{IndexType: t.IndexType, ValueType: f.Type, Ordered: t.Ordered}
	default:
		return false
	}
	return true
}

// restoreWithin changes what a field of the same kind consists of.
func (f *parquetField) restoreWithin(origin arrow.DataType) (changed bool, err error) {
	switch t := origin.(type) {
	case *arrow.TimestampType:
		have := f.Type.(*arrow.TimestampType)
		if t.Unit == have.Unit && have.TimeZone == "UTC" && t.TimeZone != "" {
			f.Type = t
		}
		return true, nil
	case *arrow.StructType:
		if len(f.children) != t.NumFields() {
			return false, nil
		}
		for i := range f.children {
			c, err := f.children[i].restore(t.Field(i))
			if err != nil {
				return false, err
			}
			changed = changed || c
		}
		if changed {
			f.Type = structOf(f.children)
		}
	case *arrow.ListType, *arrow.LargeListType, *arrow.FixedSizeListType, *arrow.MapType:
		return f.restoreList(t.(arrow.ListLikeType))
	}
	return changed, nil
}

func structOf(children []parquetField) arrow.DataType {
	fields := make([]arrow.Field, len(children))
	for i := range children {
		fields[i] = children[i].Field
	}
	return arrow.StructOf(fields...)
}

// restoreList changes a list to one of the kind that it was, and its elements.
func (f *parquetField) restoreList(origin arrow.ListLikeType) (changed bool, err error) {
	if _, isMap := origin.(*arrow.MapType); isMap == f.isList() {
		return false, nil // a map is no list
	}
	changed = origin.ID() != f.Type.ID()
	element := &f.children[0]
	c, err := element.restore(arrow.Field{Type: origin.Elem()})
	if err != nil || !changed && !c {
		return changed, err
	}
	switch t := origin.(type) {
	case *arrow.ListType:
		f.Type = arrow.ListOfField(element.Field)
	case *arrow.LargeListType:
		f.Type = arrow.LargeListOfField(element.Field)
	case *arrow.FixedSizeListType:
		f.Type = arrow.FixedSizeListOfField(t.Len(), element.Field)
	case *arrow.MapType:
		f.Type = arrow.MapOfFields(element.children[0].Field, element.children[1].Field)
	}
	return true, nil
}
