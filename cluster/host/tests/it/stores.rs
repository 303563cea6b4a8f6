//! Places: names, patterns, what a file is that is not there yet.

use predictql_host::Stores;

fn uris(stores: &Stores, pattern: &str) -> Vec<String> {
    stores.list(pattern).unwrap().into_iter().map(|object| object.uri).collect()
}

#[test]
fn a_star_stands_for_any_text_in_every_store() {
    let folder = tempfile::tempdir().unwrap();
    let local = Stores::within(folder.path());
    for root in ["", "memory://"] {
        for name in ["data/a.csv", "data/b.csv", "data/deep/c.csv", "data/b.json", "other.csv"] {
            local.write(&format!("{root}{name}"), name.to_owned()).unwrap();
        }
        let of = |names: &[&str]| names.iter().map(|name| format!("{root}{name}")).collect::<Vec<_>>();
        let found = |pattern: &str| uris(&local, &format!("{root}{pattern}"));
        assert_eq!(found("data/*.csv"), of(&["data/a.csv", "data/b.csv", "data/deep/c.csv"]));
        assert_eq!(found("data/b*"), of(&["data/b.csv", "data/b.json"]));
        assert_eq!(found("*other.csv"), of(&["other.csv"]));
        assert_eq!(found("data/a.csv"), of(&["data/a.csv"]));
        assert_eq!(found("none/*"), of(&[]));
    }
    let absolute = format!("{}/data/*.json", folder.path().display());
    assert_eq!(uris(&Stores::new(), &absolute), [absolute.replace('*', "b")]);
    let url = format!("file://{absolute}");
    assert_eq!(uris(&Stores::new(), &url), [url.replace('*', "b")]);
}

#[test]
fn names_of_files_are_taken_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let stores = Stores::within(folder.path());
    for name in ["100 %.csv", "a#b?.csv", "größe.csv", "~x [1].csv"] {
        std::fs::write(folder.path().join(name), name).unwrap();
        assert_eq!(stores.read(name).unwrap(), name.as_bytes(), "{name}");
    }
    assert_eq!(stores.list("*.csv").unwrap().len(), 4);
    std::fs::create_dir_all(folder.path().join("sub")).unwrap();
    assert_eq!(stores.read("sub/../größe.csv").unwrap(), "größe.csv".as_bytes());
}

#[test]
fn ranges_come_in_their_order() {
    let stores = Stores::new();
    stores.write("memory://x", "0123456789").unwrap();
    assert_eq!(stores.ranges("memory://x", &[7..9, 0..3]).unwrap(), ["78", "012"]);
}

#[test]
fn a_file_is_there_once_it_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let stores = Stores::within(folder.path());
    let large = vec![b'x'; 20 << 20];
    for root in ["", "memory://"] {
        let uri = format!("{root}large");
        let mut upload = stores.begin(&uri, false).unwrap();
        upload.write(&large).unwrap();
        drop(upload);
        assert_eq!(stores.read(&uri).unwrap_err(), format!("`{uri}` was not found"));

        let mut upload = stores.begin(&uri, false).unwrap();
        upload.write(&large).unwrap();
        upload.write(b"end").unwrap();
        upload.finish().unwrap();
        assert_eq!(stores.meta(&uri).unwrap().size, (20 << 20) + 3);
        assert!(stores.begin(&uri, false).err().unwrap().contains("is there already"), "{uri}");
        stores.begin(&uri, true).unwrap().finish().unwrap();
        assert_eq!(stores.meta(&uri).unwrap().size, 0);
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["large"]);
}

#[test]
fn whoever_gives_up_does_not_wait() {
    // Nobody answers here, but somebody listens.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stores = Stores::new();
    stores.give_up(true);
    let uri = format!("http://{}/file", silent.local_addr().unwrap());
    assert_eq!(stores.read(&uri).unwrap_err(), "given up");
}

#[test]
fn a_web_server_has_files() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let asked = std::thread::spawn(move || {
        use std::io::{BufRead, BufReader, Write};
        let (mut stream, _) = server.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let first = lines.map(Result::unwrap).take_while(|line| !line.is_empty()).next().unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\nLast-Modified: Tue, 01 Jul 2025 00:00:00 GMT\r\n\r\n";
        write!(stream, "{head}hello").unwrap();
        first
    });
    let stores = Stores::new();
    assert_eq!(stores.read(&format!("http://{address}/a%20b/c.csv?key=1")).unwrap(), "hello");
    assert_eq!(asked.join().unwrap(), "GET /a%20b/c.csv?key=1 HTTP/1.1");
}
