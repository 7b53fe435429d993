package nasty

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"github.com/anacrolix/torrent/bencode"
)

// damaged are files that are no metainfo at all, or not whole.
func damaged() []Case {
	whole := torrent(single())
	deep := `d4:infod1:x` + nested(1000, "l", "e") + `ee`
	return []Case{
		refused("empty", "empty", nil),
		refused("web page", "web page", []byte("\r\n<!DOCTYPE html><title>404</title>")),
		refused("text", "not a torrent file", []byte("hello")),
		refused("a list", "not a torrent file", []byte("l1:ae")),
		refused("cut short", "cut short", whole[:len(whole)-30]),
		refused("one byte", "cut short", []byte("d")),
		refused("text longer than the file", "cut short", []byte("d4:info99999999:x")),
		refused("text a little longer than the file", "cut short", []byte("d4:info10:abcde")),
		refused("text whose length has a leading zero", "damaged", []byte("d04:infodee")),
		refused("text with an absurd length", "damaged at byte 7", []byte("d4:info99999999999999999999:x")),
		refused("text with a negative length", "damaged", []byte("d4:info-1:e")),
		refused("number as a key", "damaged", []byte("di1e1:ae")),
		refused("number without digits", "damaged", []byte("d4:infod6:lengthieee")),
		refused("number with a leading zero", "damaged", []byte("d4:infod6:lengthi03eee")),
		refused("minus zero", "damaged", []byte("d4:infod6:lengthi-0eee")),
		refused("endless number", "damaged", []byte("d4:infod6:lengthi"+strings.Repeat("9", 1<<16)+"eee")),
		refused("key without a value", "damaged", []byte("d4:infoe")),
		refused("something after the end", "after its end", append(torrent(single()), "junk"...)),
		loads("line break after the end", append(torrent(single()), "\r\n"...), "one.bin"),
		refused("deep lists", "nested too deeply", []byte(deep)),
		refused("deep dictionaries", "nested too deeply", []byte(nested(1_000_000, "d1:a", "e"))),
		refused("deep lists without an end", "nested too deeply", []byte("d4:info"+strings.Repeat("l", 1<<20))),
		refused("no info", "no info dictionary", []byte("d8:announce3:a:be")),
		refused("info is a text", "no info dictionary", []byte("d4:info3:abce")),
		refused("two infos", "twice", bytes.Replace(whole, []byte("d4:info"), []byte("d4:infode4:info"), 1)),
		refused("two names", "twice", edited(single(), "4:name", "4:name1:a4:name")),
		refused("the same key again, unsorted", "twice", edited(single(), "4:name", "1:z0:1:a0:1:z0:4:name")),
		loads("unsorted keys", edited(single(), "d6:length", "d1:z1:z6:length"), "one.bin"),
		refused("unsorted keys the library refuses", "cannot be read", edited(single(), "d6:length", "d1:Xd1:bi1e1:ai1ee6:length")),
	}
}

// sizes are numbers that do not fit.
func sizes() []Case {
	info := func(key string, v any) []byte { return torrent(with(single(), dict{key: v})) }
	return []Case{
		refused("negative size", "first file has a negative size (-5)", info("length", -5)),
		refused("negative size of the third file", "third file has a negative size (-1)",
			torrent(several(file(1, "a"), file(1, "b"), file(-1, "c")))),
		refused("huge size", "too large", info("length", int64(math.MaxInt64))),
		refused("size beyond 64 bits", "too large", edited(single(), "i20000e", "i99999999999999999999e")),
		refused("sum that overflows", "second file makes the torrent too large",
			torrent(several(file(1<<45, "a"), file(math.MaxInt64, "b")))),
		refused("sum beyond the largest torrent", "second file makes the torrent too large",
			torrent(several(file(1<<46, "a"), file(1, "b")))),
		refused("many sizes that overflow", "too large", torrent(several(file(1<<62, "a"), file(1<<62, "b"), file(1<<62, "c")))),
		refused("size is a text", "not a number", info("length", "20000")),
		refused("no size", "does not say what files", info("length", nil)),
		refused("file without a size", "second file has no size", torrent(several(file(1, "a"), dict{"path": []string{"b"}}))),
		refused("no piece length", "how long its pieces are", info("piece length", nil)),
		refused("piece length 0", "must be positive", info("piece length", 0)),
		refused("negative piece length", "must be positive", info("piece length", -16384)),
		refused("absurd piece length", "piece length is too large", info("piece length", 1<<40)),
		refused("piece length beyond 32 bits", "piece length is too large", info("piece length", 1<<32+PieceLength)),
		refused("piece length is a text", "not a usable number", info("piece length", "16384")),
		loads("pieces of one byte", torrent(with(single(), dict{"length": 3, "piece length": 1, "pieces": zeros(3, 1)})), "one.bin"),
		refused("no pieces", "no piece hashes", info("pieces", nil)),
		refused("empty pieces", "hashes are damaged", info("pieces", "")),
		refused("half a hash", "hashes are damaged", info("pieces", strings.Repeat("x", 30))),
		refused("one hash too few", "1 piece hashes, but its files fill 2", info("pieces", strings.Repeat("x", 20))),
		refused("one hash too many", "3 piece hashes, but its files fill 2", info("pieces", strings.Repeat("x", 60))),
		refused("pieces are a list", "hashes are damaged", info("pieces", []string{"x"})),
		refused("nothing but empty files", "all its files are empty", torrent(with(several(file(0, "a"), file(0, "b")), dict{"pieces": strings.Repeat("x", 20)}))),
		refused("empty single file", "all its files are empty", torrent(with(single(), dict{"length": 0}))),
	}
}

// kinds are entries of the wrong type or in contradiction.
func kinds() []Case {
	one := func(f any) []byte {
		return torrent(with(several(file(1, "a")), dict{"files": []any{f}}))
	}
	return []Case{
		refused("name is a number", "name is not a text", torrent(with(single(), dict{"name": 5}))),
		refused("no name", "no name", torrent(with(single(), dict{"name": nil}))),
		refused("one file and several", "both that it is one file and that it is several", torrent(with(several(file(1, "a")), dict{"length": 1}))),
		refused("files is a dictionary", "not a list", torrent(with(several(file(1, "a")), dict{"files": dict{}}))),
		refused("no files", "has no files", torrent(with(several(file(1, "a")), dict{"files": []any{}}))),
		refused("file is a text", "not described by a dictionary", one("a")),
		refused("path is a text", "path that is not a list", one(dict{"length": 1, "path": "a"})),
		refused("path element is a number", "not a text", one(dict{"length": 1, "path": []any{"a", 5}})),
		refused("path element is a list", "not a text", one(dict{"length": 1, "path": []any{"a", []string{"b"}}})),
		refused("no path", "first file has no name", one(dict{"length": 1})),
		refused("empty path", "first file has no name", one(file(1))),
		refused("symbolic link", "symbolic link", one(dict{"length": 1, "path": []string{"a"}, "attr": "l", "symlink path": []string{"..", "etc", "passwd"}})),
		refused("single file that is a link", "symbolic link", torrent(with(single(), dict{"attr": "xl"}))),
		refused("single pad file", "only fills up a piece", torrent(with(single(), dict{"attr": "p"}))),
		refused("type that the library refuses", "cannot be read", torrent(with(single(), dict{"source": 5}))),
		refused("pad file as large as a piece", "second file only fills up a piece",
			torrent(several(file(1, "a"), dict{"length": PieceLength, "path": []string{".pad", "16384"}, "attr": "p"}))),
		refused("nothing but padding", "all its files are empty", one(dict{"length": 1, "path": []string{"a"}, "attr": "p"})),
		loads("private is a text", torrent(with(single(), dict{"private": "yes"})), "one.bin"),
		loads("pad files by mark and by name", torrent(several(
			file(PieceLength-10, "a"), dict{"length": 10, "path": []string{"..", "pad"}, "attr": "p"},
			file(PieceLength-20, "b"), file(20, ".pad", "20"), file(5, "c"))),
			"folder/a", "folder/b", "folder/c"),
	}
}

// counts have too much of something.
func counts() []Case {
	many := func(entry string, n int) []byte {
		return edited(several(file(1, "a")), "d6:lengthi1e4:pathl1:aee", strings.Repeat(entry, n))
	}
	deep := make([]string, 61)
	for i := range deep {
		deep[i] = "d"
	}
	long := make([]string, 20)
	for i := range long {
		long[i] = strings.Repeat(string(rune('a'+i)), 200)
	}
	junk := bencode.Bytes("l" + strings.Repeat("de", 1<<20) + "e")
	return []Case{
		refused("300,000 files", "too many files", many("d6:lengthi0e4:pathl1:aee", 300_000)),
		refused("61 folders deep", "too deep", torrent(several(file(1, deep...)))),
		refused("path of 4,000 bytes", "path that is too long", torrent(several(file(1, long...)))),
		refused("much under an unknown entry", "unknown entry", torrent(with(single(), dict{"junk": junk}))),
		refused("much under an unknown entry of a file", "first file has too much", torrent(several(with(file(1, "a"), dict{"junk": junk})))),
	}
}

// tree is a v2 file tree with one file.
func tree(name string, length int) dict {
	sum := strings.Repeat("r", 32)
	if length > 0 && length < 1<<24 {
		sum = root(length)
	}
	return dict{name: dict{"": dict{"length": length, "pieces root": sum}}}
}

// layered is a whole .torrent file with the layers of files of these lengths.
func layered(info dict, lengths ...int) []byte {
	layers := dict{}
	for _, n := range lengths {
		layers[root(n)] = layer(n)
	}
	return bencode.MustMarshal(dict{"info": info, "piece layers": layers})
}

// onlyV2 are torrents that are v2 only.
func onlyV2() []Case {
	info := func(tree any) dict {
		return dict{"name": "folder", "piece length": PieceLength, "meta version": 2, "file tree": tree}
	}
	props := func(changes dict) dict {
		return dict{"a": dict{"": with(dict{"length": 5, "pieces root": root(5)}, changes)}}
	}
	layers := func(layers any) []byte {
		return bencode.MustMarshal(dict{"info": info(tree("a", 20000)), "piece layers": layers})
	}
	empty := dict{"b": dict{"": dict{"length": 0}}}
	deep := tree("a", 5)
	for range 61 {
		deep = dict{"d": deep}
	}
	// Written by hand: no program would.
	raw := func(tree string) []byte {
		return []byte("d4:infod9:file tree" + tree + "12:meta versioni2e4:name1:n12:piece lengthi16384eee")
	}
	one := "d0:d6:lengthi5e11:pieces root32:" + root(5) + "ee"
	many := func(n int) []byte {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "6:%06dd0:d6:lengthi0eee", i)
		}
		return raw("d" + b.String() + "e")
	}
	return []Case{
		loads("v2", layered(info(tree("one.bin", 20000)), 20000), "one.bin"),
		loads("v2 in a folder", layered(info(dict{"sub": tree("one.bin", 20000)}), 20000), "folder/sub/one.bin"),
		loads("v2 with several files", layered(info(with(tree("b", 20000), with(tree("a", 5), tree("c", PieceLength)))), 20000), "folder/a", "folder/b", "folder/c"),
		loads("v2 with an empty file", layered(info(with(tree("a", 20000), empty)), 20000), "folder/a", "folder/b"),
		loads("v2 with an empty file first", torrent(info(with(tree("c", 7), empty))), "folder/b", "folder/c"),
		loads("v2 with names that are not safe", torrent(info(dict{"..": with(tree("..", 7), tree("CON", 5)), "x": tree("a/b", 5)})),
			"folder/_/_", "folder/_/_CON", "folder/x/a_b"),
		refused("v2 with nothing but empty files", "all its files are empty", torrent(info(empty))),
		refused("v2 without layers", "lacks the hashes of its pieces", torrent(info(tree("a", 20000)))),
		refused("v2 without the layer of one file", "lacks the hashes of its pieces", layered(info(with(tree("a", 20000), tree("b", 40000))), 20000)),
		refused("v2 whose layers are a list", "lacks the hashes of its pieces", layers([]string{"a"})),
		refused("v2 whose layer is a number", "lacks the hashes of its pieces", layers(dict{root(20000): 5})),
		refused("v2 with a layer too short", "damaged", layers(dict{root(20000): layer(20000)[:32]})),
		refused("v2 with a layer too long", "damaged", layers(dict{root(20000): layer(20000) + layer(20000)})),
		refused("v2 with half a hash in a layer", "damaged", layers(dict{root(20000): layer(20000)[:40]})),
		refused("v2 with another layer", "damaged", layers(dict{root(20000): strings.Repeat("x", 64)})),
		loads("v2 with a layer that nobody needs", layers(dict{root(20000): layer(20000), strings.Repeat("z", 32): "x", "": 5}), "a"),
		refused("v2 without a tree", "no list of v2 files", torrent(dict{"name": "n", "piece length": PieceLength, "meta version": 2})),
		refused("v2 without a piece length", "how long its pieces are", torrent(with(info(tree("a", 5)), dict{"piece length": nil}))),
		refused("v2 with small pieces", "power of two", torrent(with(info(tree("a", 5)), dict{"piece length": 1 << 13}))),
		refused("v2 with odd pieces", "power of two", torrent(with(info(tree("a", 5)), dict{"piece length": 3 << 14}))),
		refused("v2 with negative pieces", "must be positive", torrent(with(info(tree("a", 5)), dict{"piece length": -16384}))),
		refused("v2 with absurd pieces", "piece length is too large", torrent(with(info(tree("a", 5)), dict{"piece length": int64(1) << 62}))),
		refused("v2 with a negative size", "no usable size", torrent(info(props(dict{"length": -5})))),
		refused("v2 without a size", "no usable size", torrent(info(props(dict{"length": nil})))),
		refused("v2 with a size that is a text", "no usable size", torrent(info(props(dict{"length": "5"})))),
		refused("v2 with a size of petabytes", "too large", torrent(info(props(dict{"length": int64(1) << 60})))),
		refused("v2 with sizes that overflow", "too large", torrent(info(with(tree("a", 1<<45), with(tree("b", 1<<45), tree("c", 1<<45)))))),
		refused("v2 with too many pieces", "too many pieces", torrent(info(tree("a", 1<<40)))),
		refused("v2 without a root", "no usable hash", torrent(info(props(dict{"pieces root": nil})))),
		refused("v2 with a short root", "no usable hash", torrent(info(props(dict{"pieces root": "x"})))),
		refused("v2 with a root that is a number", "no usable hash", torrent(info(props(dict{"pieces root": 5})))),
		refused("v2 with a root of an empty file", "is empty and has a hash", torrent(info(with(tree("b", 5), props(dict{"length": 0}))))),
		refused("v2 with a symbolic link", "symbolic link", torrent(info(props(dict{"attr": "l"})))),
		refused("v2 with a pad file", "only fill up a piece", torrent(info(props(dict{"attr": "p"})))),
		refused("v2 with a file that is a folder", "is both a file and a folder", torrent(info(with(props(nil), dict{"a": with(tree("b", 5), dict{"": dict{"length": 5, "pieces root": root(5)}})})))),
		refused("v2 with a tree that is a file", "is both a file and a folder", torrent(info(dict{"": dict{"length": 5, "pieces root": root(5)}}))),
		refused("v2 with an empty tree", "a folder is empty", torrent(info(dict{}))),
		refused("v2 with an empty folder", "a folder is empty", torrent(info(with(tree("a", 5), dict{"b": dict{}})))),
		refused("v2 with a file that is a number", "not described by a dictionary", torrent(info(dict{"a": 5}))),
		refused("v2 with a file that is a list", "no usable size", torrent(info(dict{"a": dict{"": []any{5}}}))),
		refused("v2 with a tree that is a list", "not a dictionary", torrent(info([]any{}))),
		refused("v2 with one name twice", "twice", raw("d1:a"+one+"1:a"+one+"e")),
		refused("v2 with names that are not sorted", "not sorted", raw("d1:b"+one+"1:a"+one+"e")),
		refused("v2, 61 folders deep", "nested too deeply", torrent(info(deep))),
		refused("v2 with 300,000 files", "too many", many(300_000)),
	}
}

// versions are v2 torrents and hybrids (BEP 52).
func versions() []Case {
	v2 := func(info, changes dict) []byte {
		return torrent(with(with(info, dict{"meta version": 2, "file tree": tree("one.bin", 20000)}), changes))
	}
	two := with(tree("a", 5), tree("b", 7))
	padded := func(pad int, more ...dict) dict {
		files := []dict{file(5, "a"), {"length": pad, "path": []string{".pad", "0"}, "attr": "p"}, file(7, "b")}
		return several(append(files, more...)...)
	}
	return []Case{
		refused("v2 without its version", "does not say that it is of version 2", v2(single(), dict{"pieces": nil, "length": nil, "meta version": nil})),
		refused("version 3", "version that is not known", v2(single(), dict{"meta version": 3})),
		refused("version is a text", "version that is not known", v2(single(), dict{"meta version": "2"})),
		refused("hybrid without v1 hashes", "no piece hashes", v2(single(), dict{"pieces": nil})),
		refused("hybrid without a tree", "no list of v2 files", v2(single(), dict{"file tree": nil})),
		refused("hybrid whose tree is a list", "not a dictionary", v2(single(), dict{"file tree": []string{}})),
		refused("hybrid whose tree is of numbers", "not described by a dictionary", v2(single(), dict{"file tree": dict{"one.bin": 5}})),
		refused("hybrid with an empty tree", "damaged", v2(single(), dict{"file tree": dict{}})),
		refused("hybrid with a negative size", "damaged", v2(single(), dict{"file tree": tree("one.bin", -20000)})),
		refused("hybrid with a size of petabytes", "too large", v2(single(), dict{"file tree": tree("one.bin", 1<<60)})),
		refused("hybrid with another size", "v1 and v2 files differ", v2(single(), dict{"file tree": tree("one.bin", 20001)})),
		refused("hybrid with one file more", "v1 and v2 files differ", v2(single(), dict{"file tree": two})),
		refused("hybrid whose files are not aligned", "v1 and v2 files differ", v2(several(file(5, "a"), file(7, "b")), dict{"file tree": two})),
		refused("hybrid with too little padding", "v1 and v2 files differ", v2(padded(PieceLength-6), dict{"file tree": two})),
		refused("hybrid with one v1 file more", "v1 and v2 files differ", v2(padded(PieceLength-5, file(3, "c")), dict{"file tree": two})),
		loads("hybrid with padding at its end", v2(padded(PieceLength-5, dict{"length": PieceLength - 7, "path": []string{".pad", "1"}, "attr": "p"}),
			dict{"file tree": two}), "folder/a", "folder/b"),
		refused("hybrid with a piece of padding at its end", "v1 and v2 files differ",
			v2(padded(PieceLength-5, dict{"length": PieceLength - 6, "path": []string{".pad", "1"}, "attr": "p"}), dict{"file tree": two})),
		refused("hybrid with small pieces", "power of two", v2(single(), dict{"piece length": 1 << 13})),
		refused("hybrid with odd pieces", "power of two", v2(single(), dict{"piece length": 20000})),
		loads("hybrid", layered(with(single(), dict{"meta version": 2, "file tree": tree("one.bin", 20000)}), 20000), "one.bin"),
		loads("hybrid without layers", v2(single(), nil), "one.bin"),
		refused("hybrid with another layer", "damaged", bencode.MustMarshal(dict{
			"info": with(single(), dict{"meta version": 2, "file tree": tree("one.bin", 20000)}), "piece layers": dict{root(20000): strings.Repeat("x", 64)},
		})),
		loads("hybrid with pad files", v2(padded(PieceLength-5), dict{"file tree": two}), "folder/a", "folder/b"),
		loads("hybrid with an empty file", v2(padded(PieceLength-5, file(0, "c")),
			dict{"file tree": with(dict{"c": dict{"": dict{"length": 0}}}, two)}), "folder/a", "folder/b", "folder/c"),
		loads("v1 with a tree that does not count", v2(single(), dict{"meta version": 1}), "one.bin"),
	}
}

// trackers are tracker URLs that are left out: the torrents load.
func trackers() []Case {
	var all []Case
	for _, url := range []string{
		"http://user:secret@127.0.0.1/announce", "HTTP://127.0.0.1:1/announce", "dht://127.0.0.1", "foo", "i2p", "://", "http://",
		"http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http://127.0.0.1/a b", "http://127.0.0.1/\x00", "udp://127.0.0.1",
		"http://[::1", "http://[fe80::1%25eth0]/", "wss://127.0.0.1/", "file:///etc/passwd", "http:127.0.0.1", "http://" + strings.Repeat("a", 5000),
	} {
		raw := bencode.MustMarshal(dict{"announce": url, "info": single()})
		all = append(all, loads(fmt.Sprintf("tracker %.40q", url), raw, "one.bin"))
	}
	for name, list := range map[string]any{
		"trackers are numbers": []any{5, []any{5, dict{}}}, "trackers are a text": "x", "trackers are a flat list": []string{"foo"},
		"trackers are a deep list": []any{[]any{[]any{"http://127.0.0.1/"}}},
	} {
		all = append(all, loads(name, bencode.MustMarshal(dict{"announce-list": list, "announce": 5, "comment": 5, "info": single()}), "one.bin"))
	}
	return all
}
