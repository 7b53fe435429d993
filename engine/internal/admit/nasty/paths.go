package nasty

import "strings"

// paths are names that must not reach a file system as they are. Each torrent
// has one file of one byte.
func paths() []Case {
	var all []Case
	for _, c := range []struct {
		name string
		path []string
		want string
	}{
		{"parent folder", []string{"..", "victim"}, "folder/_/victim"},
		{"far up", []string{"..", "..", "..", "etc", "passwd"}, "folder/_/_/_/etc/passwd"},
		{"nothing but the parent folder", []string{".."}, "folder/_"},
		{"this folder", []string{".", "a", ".", "b"}, "folder/a/b"},
		{"empty elements", []string{"", "a", "", "b", ""}, "folder/a/b"},
		{"nothing but empty elements", []string{"", "."}, "folder/_"},
		{"absolute", []string{"/etc/passwd"}, "folder/_etc_passwd"},
		{"slashes", []string{"../../victim"}, "folder/.._.._victim"},
		{"backslashes", []string{`..\..\victim`}, "folder/.._.._victim"},
		{"drive", []string{`C:\Windows\system.ini`}, "folder/C__Windows_system.ini"},
		{"stream", []string{"a.txt:evil.exe"}, "folder/a.txt_evil.exe"},
		{"NUL byte", []string{"a\x00.txt"}, "folder/a_.txt"},
		{"control characters", []string{"a\n\x1b[31m\x7f\u0085b"}, "folder/a__[31m__b"},
		{"turned extension", []string{"photo\u202egpj.exe"}, "folder/photogpj.exe"},
		{"invalid UTF-8", []string{"a\xff\xfeb"}, "folder/a__b"},
		{"overlong slash", []string{"..\xc0\xafvictim"}, "folder/..__victim"},
		{"wildcards", []string{`a<b>c"d|e?f*g`}, "folder/a_b_c_d_e_f_g"},
		{"trailing dots and blanks", []string{"a. . .", "b \t"}, "folder/a/b _"},
		{"device", []string{"CON"}, "folder/_CON"},
		{"device with an extension", []string{"nul.tar.gz"}, "folder/_nul.tar.gz"},
		{"device with a blank", []string{"Com1 .txt"}, "folder/_Com1 .txt"},
		{"device with a small digit", []string{"LPT².x"}, "folder/_LPT².x"},
		{"device as a folder", []string{"aux", "prn.d", "x"}, "folder/_aux/_prn.d/x"},
		{"300 bytes", []string{strings.Repeat("x", 300) + ".mkv"}, "folder/" + strings.Repeat("x", 246) + ".mkv"},
		{"300 bytes of foreign letters", []string{strings.Repeat("é", 150) + ".mkv"}, "folder/" + strings.Repeat("é", 123) + ".mkv"},
		{"300 bytes without an extension", []string{strings.Repeat("語", 100)}, "folder/" + strings.Repeat("語", 83)},
		{"right-to-left letters", []string{"שלום.txt"}, "folder/שלום.txt"},
		{"hidden file", []string{".bashrc"}, "folder/.bashrc"},
	} {
		all = append(all, loads(c.name, torrent(several(file(1, c.path...))), c.want))
	}
	return append(all, roots()...)
}

// roots are names of the torrent itself, and UTF-8 forms.
func roots() []Case {
	named := func(name string, changes dict) []byte {
		return torrent(with(with(several(file(1, "a")), dict{"name": name}), changes))
	}
	return []Case{
		loads("name is the parent folder", named("..", nil), "_/a"),
		loads("name is absolute", named("/etc/cron.d", nil), "_etc_cron.d/a"),
		loads("name of one file is far up", torrent(with(single(), dict{"name": "../../victim"})), ".._.._victim"),
		loads("name is empty", named("", nil)),
		loads("name is a blank", torrent(with(single(), dict{"name": " "}))),
		loads("name in UTF-8", named("caf\xe9", dict{"name.utf-8": "café"}), "café/a"),
		loads("name in false UTF-8", named("cafe", dict{"name.utf-8": "caf\xe9"}), "cafe/a"),
		loads("path in UTF-8", torrent(several(with(file(1, "\xe9"), dict{"path.utf-8": []string{"..", "é"}}))), "folder/_/é"),
		loads("path in false UTF-8", torrent(several(with(file(1, "a"), dict{"path.utf-8": []string{"\xe9"}}))), "folder/a"),
	}
}

// lists are files that get in each other's way.
func lists() []Case {
	files := func(names ...string) []byte {
		var all []dict
		for _, name := range names {
			all = append(all, file(1, strings.Split(name, "/")...))
		}
		return torrent(several(all...))
	}
	return []Case{
		loads("one path three times", files("a.txt", "a.txt", "a.txt"), "folder/a.txt", "folder/a (2).txt", "folder/a (3).txt"),
		loads("the second name is there already", files("a", "a (2)", "a"), "folder/a", "folder/a (2)", "folder/a (3)"),
		loads("capitals", files("Readme", "README", "dir/x", "DIR/x"), "folder/Readme", "folder/README (2)", "folder/dir/x", "folder/DIR (2)/x"),
		loads("two forms of one letter", files("\u00e9.txt", "e\u0301.txt"), "folder/\u00e9.txt", "folder/e\u0301 (2).txt"),
		loads("sharp s", files("straße", "STRASSE"), "folder/straße", "folder/STRASSE (2)"),
		loads("invisible letters", files("ab", "a\u200db"), "folder/ab", "folder/a\u200db (2)"),
		loads("alike once they are safe", files("a:b", "a?b", "a_b"), "folder/a_b", "folder/a_b (2)", "folder/a_b (3)"),
		loads("a file and the parent folder", files("_", "../x"), "folder/_", "folder/_ (2)/x"),
		loads("name of an unfinished file", files("a", "a.part"), "folder/a", "folder/a (2).part"),
		loads("unfinished file first", files("a.part", "a"), "folder/a.part", "folder/a (2)"),
		loads("folder like an unfinished file", files("a", "A.PART/x"), "folder/a", "folder/A.PART (2)/x"),
		refused("file that is a folder", "second file lies in a folder that is also a file", files("a", "a/b")),
		refused("folder that is a file", "second file is also the folder", files("a/b", "a")),
		loads("long names alike at their start", files(strings.Repeat("x", 300)+"1", strings.Repeat("x", 300)+"2"),
			"folder/"+strings.Repeat("x", 250), "folder/"+strings.Repeat("x", 238)+" (2)"),
		loads("empty file among others", torrent(several(file(1, "a"), file(0, "..", "victim"), file(1, "b"))), "folder/a", "folder/_/victim", "folder/b"),
	}
}
