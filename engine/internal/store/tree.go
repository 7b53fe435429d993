package store

import (
	"encoding/binary"
	"os"

	bolt "go.etcd.io/bbolt"
)

// The pages of bbolt's file, as far as they must be known: a header of id (8 bytes),
// flags (2), count (2) and overflow (4), then count elements of 16 bytes, all
// little-endian.
const (
	pageHeader  = 16
	pageElement = 16
	branchPage  = 1 // an element is pos (4), key size (4) and the id of a page (8)
	leafPage    = 2 // an element is flags (4), pos (4), key size (4) and value size (4)
	bucketLeaf  = 1 // the value begins with the id of the bucket's root (8), 0 if it is within
)

// tree walks the pages of a bbolt file. bbolt trusts what they say of each other, so
// that damaged ones could send it around in a circle until memory is used up.
type tree struct {
	file     *os.File
	pageSize int64
	pages    uint64 // of the file
	seen     map[uint64]bool
}

// checkTree returns errDamaged unless all pages that can be reached are a tree.
func checkTree(tx *bolt.Tx, file *os.File) error {
	size := int64(tx.DB().Info().PageSize)
	t := &tree{file, size, uint64(tx.Size() / size), make(map[uint64]bool)}
	return t.walk(uint64(tx.Cursor().Bucket().Root()))
}

func (t *tree) walk(id uint64) error {
	if id < 2 || id >= t.pages || t.seen[id] {
		return errDamaged
	}
	t.seen[id] = true
	at := int64(id) * t.pageSize
	var head [pageHeader]byte
	if _, err := t.file.ReadAt(head[:], at); err != nil {
		return errDamaged
	}
	flags, count := binary.LittleEndian.Uint16(head[8:]), int64(binary.LittleEndian.Uint16(head[10:]))
	length := (1 + int64(binary.LittleEndian.Uint32(head[12:]))) * t.pageSize
	if binary.LittleEndian.Uint64(head[:]) != id || pageHeader+count*pageElement > length || at+length > int64(t.pages)*t.pageSize {
		return errDamaged
	}
	elements := make([]byte, count*pageElement)
	if _, err := t.file.ReadAt(elements, at+pageHeader); err != nil && count > 0 {
		return errDamaged
	}
	for i := range count {
		e := elements[i*pageElement : (i+1)*pageElement]
		if pageHeader+i*pageElement+extent(e, flags) > length {
			return errDamaged
		}
		switch {
		case flags == branchPage:
			if err := t.walk(binary.LittleEndian.Uint64(e[8:])); err != nil {
				return err
			}
		case flags != leafPage:
			return errDamaged
		case binary.LittleEndian.Uint32(e)&bucketLeaf != 0:
			value := at + pageHeader + i*pageElement + int64(binary.LittleEndian.Uint32(e[4:])) + int64(binary.LittleEndian.Uint32(e[8:]))
			if err := t.bucket(value); err != nil {
				return err
			}
		}
	}
	return nil
}

// extent returns how far behind its beginning the key and value of an element end. bbolt
// makes room for as much as they say.
func extent(e []byte, flags uint16) int64 {
	if flags == branchPage {
		return int64(binary.LittleEndian.Uint32(e)) + int64(binary.LittleEndian.Uint32(e[4:]))
	}
	return int64(binary.LittleEndian.Uint32(e[4:])) + int64(binary.LittleEndian.Uint32(e[8:])) + int64(binary.LittleEndian.Uint32(e[12:]))
}

// bucket walks a bucket whose value is at an offset of the file.
func (t *tree) bucket(at int64) error {
	var root [8]byte
	if _, err := t.file.ReadAt(root[:], at); err != nil {
		return errDamaged
	}
	if id := binary.LittleEndian.Uint64(root[:]); id != 0 {
		return t.walk(id)
	}
	return nil
}
