//! The log against the reference in memory, whatever is sealed, late, purged or counted anew; what a
//! question reads; and the end of the process at any moment.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use gitflare_core::{
    ClientId, Clock, LogId, RequestId, SystemClock, TenantId, TokenId,
    provider::ProviderId,
    storage::{Storage, memory::MemoryStorage},
};
use proptest::{prelude::*, test_runner::TestRunner};

use super::*;

/// Long past, so that every hour is over.
const BEGIN: i64 = 1_700_000_000_000 / (24 * HOUR_MILLIS) * (24 * HOUR_MILLIS);
/// Names the folder to a child process of a test.
const CHILD: &str = "GITFLARE_TEST_USAGE";

fn open(folder: &Path) -> UsageLog {
    let lock = Arc::new(File::create(folder.join("lock")).unwrap());
    UsageLog::open(&folder.join("usage.sqlite"), None, lock).unwrap()
}

fn client(number: u64) -> ClientId {
    ClientId::parse(&format!("client_{number}")).unwrap()
}

fn tenant(number: u64) -> TenantId {
    TenantId::parse(&format!("tenant_{number}")).unwrap()
}

fn row(number: u64, at: i64) -> UsageRow {
    let failed = number.is_multiple_of(7);
    UsageRow {
        id: LogId::parse(&format!("log_{number:08}")).unwrap(),
        at: Timestamp::from_millis(at),
        request_id: RequestId::parse("gf_req_1").unwrap(),
        tenant_id: tenant(number % 5),
        client_id: client(number % 3),
        token_id: TokenId::parse("atk_1").unwrap(),
        endpoint_key: ["commits.list", "tags.list"][(number % 2) as usize],
        method: "GET",
        path: format!("/v1/repositories/github/{}/commits", number % 4),
        provider: (!number.is_multiple_of(4)).then_some(ProviderId::GITHUB),
        repository_id: (!number.is_multiple_of(4)).then(|| (number % 4).to_string()),
        status: if failed { 404 } else { 200 },
        error_code: failed.then_some("RESOURCE_NOT_FOUND"),
        duration_ms: number % 300,
        upstream_ms: 1,
        items: 1,
        blocked_files: number % 2,
        redacted_secrets: 1,
    }
}

/// Waits until every row is in a pack.
async fn seal_all(log: &UsageLog) {
    loop {
        log.flush().await.unwrap();
        let left = log.walks.run(|walk| {
            let statement = "SELECT count(*) FROM recent";
            walk.connection
                .query_row(statement, [], |row| row.get::<_, i64>(0))
        });
        if left.await.unwrap() == 0 {
            return;
        }
    }
}

fn queries(from: i64, to: i64) -> Vec<UsageQuery> {
    let period = UsageQuery {
        from: Some(Timestamp::from_millis(from)),
        to: Some(Timestamp::from_millis(to)),
        ..UsageQuery::default()
    };
    let of_clients = |clients: &[u64]| UsageQuery {
        clients: clients.iter().copied().map(client).collect(),
        ..period.clone()
    };
    vec![
        UsageQuery::default(),
        period.clone(),
        UsageQuery {
            clients: vec![client(1)],
            ..UsageQuery::default()
        },
        of_clients(&[1]),
        of_clients(&[0, 2, 2]),
        of_clients(&[9]),
        UsageQuery {
            tenants: vec![tenant(1), tenant(4)],
            ..period.clone()
        },
        UsageQuery {
            tenants: vec![tenant(1)],
            ..of_clients(&[1])
        },
        UsageQuery {
            repository_id: Some("2".into()),
            ..of_clients(&[0, 1])
        },
        UsageQuery {
            endpoint_key: Some("tags.list".into()),
            provider: Some(ProviderId::GITHUB),
            tenants: vec![tenant(2)],
            ..period
        },
    ]
}

async fn assert_same(log: &UsageLog, memory: &MemoryStorage, queries: &[UsageQuery]) {
    for query in queries {
        let ours = log.summary(query, 5).await.unwrap();
        assert_eq!(
            ours,
            memory.usage().summary(query, 5).await.unwrap(),
            "{query:?}"
        );
        for (offset, limit) in [(0, 7), (3, 50), (40, 20), (10_000, 5), (0, 1000)] {
            let ours = log.list(query, offset, limit).await.unwrap();
            let theirs = memory.usage().list(query, offset, limit).await.unwrap();
            assert_eq!(ours, theirs, "{query:?} {offset} {limit}");
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn sealed_late_purged_and_recounted_rows_are_those_of_the_reference() {
    let times = || prop::collection::vec(0..3 * 24 * HOUR_MILLIS, 1..120);
    let ends = (0..3 * 24 * HOUR_MILLIS, 0..3 * 24 * HOUR_MILLIS);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(
            &(times(), times(), times(), ends),
            |(early, late, fresh, ends)| {
                block_on(compare(&early, &late, &fresh, ends));
                Ok(())
            },
        )
        .unwrap();
}

async fn compare(early: &[i64], late: &[i64], fresh: &[i64], ends: (i64, i64)) {
    let folder = tempfile::tempdir().unwrap();
    let (log, memory) = (open(folder.path()), MemoryStorage::new());
    let mut number = 0;
    let mut record = async |times: &[i64]| {
        for at in times {
            number += 1;
            let row = row(number, BEGIN + at);
            log.record(row.clone()).await.unwrap();
            memory.usage().record(row).await.unwrap();
        }
        log.flush().await.unwrap();
    };
    let queries = queries(BEGIN + ends.0.min(ends.1), BEGIN + ends.0.max(ends.1));
    record(early).await;
    seal_all(&log).await;
    assert_same(&log, &memory, &queries).await;
    record(late).await;
    seal_all(&log).await;
    record(fresh).await;
    assert_same(&log, &memory, &queries).await;

    let before = Timestamp::from_millis(BEGIN + ends.0);
    log.purge(before, 1).await.unwrap();
    memory.usage().purge(before, usize::MAX).await.unwrap();
    assert_same(&log, &memory, &queries).await;
    while log.purge(before, 5).await.unwrap() > 0 {}
    assert_same(&log, &memory, &queries).await;
    log.rebuild(&|_, _| {}).await.unwrap();
    assert_same(&log, &memory, &queries).await;
    drop(log);
    let log = open(folder.path());
    seal_all(&log).await;
    assert_same(&log, &memory, &queries).await;
}

#[tokio::test]
async fn a_question_reads_only_what_its_counts_do_not_tell() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    // Ten days of three clients, a row of each every half a minute.
    let rows = 10 * 24 * 120 * 3;
    for number in 0..rows {
        let at = BEGIN + i64::try_from(number / 3).unwrap() * 30_000;
        log.record(row(number, at)).await.unwrap();
    }
    seal_all(&log).await;
    let ask = async |query: &UsageQuery, offset: Option<u64>| {
        let query = query.clone();
        let visited = log.walks.run(move |walk| {
            let reader = Reader::new(walk, query)?;
            match offset {
                Some(offset) => drop(reader.list(offset, 50)?),
                None => drop(reader.summary(10)?),
            }
            Ok(reader.visited.get())
        });
        visited.await.unwrap()
    };
    // From half past one on, so that hours and days at both ends are cut.
    let query = UsageQuery {
        clients: vec![client(1)],
        from: Some(Timestamp::from_millis(BEGIN + 5_400_000)),
        to: Some(Timestamp::from_millis(
            BEGIN + 9 * 24 * HOUR_MILLIS + 9_000_000,
        )),
        ..UsageQuery::default()
    };
    let of_an_hour = 120;
    assert!(ask(&query, None).await <= 2 * of_an_hour);
    for offset in [0, 50, 5000, 24_000] {
        let visited = ask(&query, Some(offset)).await;
        assert!(visited <= 8 * of_an_hour, "{offset}: {visited}");
    }
    let nobody = UsageQuery {
        clients: vec![client(9)],
        ..query.clone()
    };
    assert_eq!(ask(&nobody, None).await, 0);
    assert_eq!(ask(&nobody, Some(0)).await, 0);
    let tenant = UsageQuery {
        clients: Vec::new(),
        tenants: vec![tenant(9)],
        ..query
    };
    assert_eq!(ask(&tenant, None).await, 0);
}

/// What somebody reads in this hour is counted before it is over, up to a pack: so a question costs no more
/// while a client reads a lot, whoever asks.
#[tokio::test]
async fn rows_of_a_busy_client_are_sealed_before_their_hour_is_over() {
    const ROWS: u64 = 12_000;
    const LEAST: i64 = seal::PACK_ROWS as i64;
    let folder = tempfile::tempdir().unwrap();
    let (log, memory) = (open(folder.path()), MemoryStorage::new());
    let now = SystemClock.now().as_millis();
    let records = (0..ROWS).map(|number| {
        let row = row(number, now - 40_000 + i64::try_from(number / 400).unwrap());
        let both = (log.record(row.clone()), memory.usage().record(row));
        async move {
            both.0.await.unwrap();
            both.1.await.unwrap();
        }
    });
    futures_util::future::join_all(records).await;
    log.flush().await.unwrap();
    let recent = async || {
        let counted = log.walks.run(|walk| {
            let statement = "SELECT count(*) FROM recent";
            walk.connection
                .query_row(statement, [], |row| row.get::<_, i64>(0))
        });
        counted.await.unwrap()
    };
    // Less than a pack of each of the three clients stays.
    while recent().await >= 3 * LEAST {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let until_now = UsageQuery {
        clients: vec![client(1)],
        from: Some(Timestamp::from_millis(now - 30 * 24 * HOUR_MILLIS)),
        to: Some(Timestamp::from_millis(now + 1000)),
        ..UsageQuery::default()
    };
    let asked = until_now.clone();
    let visited = log.walks.run(move |walk| {
        let reader = Reader::new(walk, asked)?;
        reader.summary(10)?;
        Ok(reader.visited.get())
    });
    // Each is looked at twice: whether it matches, and what it counts.
    assert!(visited.await.unwrap() < 2 * seal::PACK_ROWS);
    let tenant = UsageQuery {
        clients: Vec::new(),
        tenants: vec![tenant(2)],
        ..until_now.clone()
    };
    let cut = UsageQuery {
        to: Some(Timestamp::from_millis(now - 39_990)),
        ..until_now.clone()
    };
    assert_same(&log, &memory, &[until_now, tenant, cut]).await;
}

#[tokio::test]
async fn a_kill_loses_no_row_that_was_recorded() {
    // sec: LG-4
    if let Some(folder) = env::var_os(CHILD) {
        let log = open(Path::new(&folder));
        for number in 0.. {
            log.record(row(number, BEGIN)).await.unwrap();
            println!("recorded {number}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut first = 0;
    for rows in [1, 40, 3000] {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("storage::sqlite::usage::tests::a_kill_loses_no_row_that_was_recorded")
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines
            .map(|line| line.unwrap())
            .filter(|line| line.contains("recorded"));
        assert_eq!(told.take(rows).count(), rows);
        child.kill().unwrap();
        child.wait().unwrap();
        let log = open(folder.path());
        let (_, total) = log.list(&UsageQuery::default(), 0, 1).await.unwrap();
        assert!(total >= rows as u64, "{total} of {rows}");
        assert!(
            total >= first,
            "the same rows are not stored twice, nor lost"
        );
        first = total;
    }
}

#[tokio::test]
async fn rows_of_an_earlier_release_are_packed_and_copied_before() {
    // sec: DU-4
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usage.sqlite");
    let mut old = connect::writer(&path, BUSY_TIMEOUT).unwrap();
    migrations::run(&mut old, &path, &migrations::USAGE[..1]).unwrap();
    let memory = MemoryStorage::new();
    for number in 0..500 {
        let row = row(number, BEGIN + i64::try_from(number).unwrap() * 700_000);
        old.execute(
            "INSERT INTO usage VALUES (?1, ?2, 'gf_req_1', ?3, ?4, 'atk_1', ?5, 'GET', ?6, ?7, ?8,
               ?9, ?10, ?11, 1, 1, ?12, 1)",
            rusqlite::params![
                row.at.as_millis(),
                row.id.as_str(),
                row.tenant_id.as_str(),
                row.client_id.as_str(),
                row.endpoint_key,
                row.path,
                row.provider.map(ProviderId::as_str),
                row.repository_id,
                row.status,
                row.error_code,
                i64::try_from(row.duration_ms).unwrap(),
                i64::try_from(row.blocked_files).unwrap(),
            ],
        )
        .unwrap();
        memory.usage().record(row).await.unwrap();
    }
    drop(old);
    let log = open(folder.path());
    assert_same(&log, &memory, &queries(BEGIN, BEGIN + 100 * HOUR_MILLIS)).await;
    let copy = Connection::open(folder.path().join("usage.schema-1.sqlite")).unwrap();
    let copied: i64 = copy
        .query_row("SELECT count(*) FROM usage", [], |row| row.get(0))
        .unwrap();
    assert_eq!(copied, 500);
}
