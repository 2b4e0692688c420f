/*
 * settings_schema: the table itself, in the order of enum setting.  Helps are
 * one or two short sentences, in English and Japanese, for people who run a
 * small office.
 */
#include "store/settings_schema.h"

#include "config.h"

#define JA(text) (ENABLE_JAPANESE ? (text) : NULL)

/* What a part would do that is not there needs no words. */
#define ABSENT	       "Without effect: the part is not in this program."
#define SENDING(text)  (ENABLE_RELAY ? (text) : ABSENT)
#define VERDICTS(text) (ENABLE_SCAN_WORKER || ENABLE_CLAMD ? (text) : ABSENT)

/* clang-format off */
const struct setting_spec settings_schema[SETTING_N] = {
	/* This box. */
	[SETTING_HOST_NAME] = { "host.name",
	    SETTING_HOST, SETTING_EMPTY, 0, 0,
	    "", NULL, "mail.example.org",
	    "This server's own name, as it greets others and stamps mail.",
	    JA("このサーバー自身の名前。相手への挨拶と配送記録に使います。") },
	[SETTING_HOST_DOMAINS] = { "host.domains",
	    SETTING_HOSTS, SETTING_EMPTY, 0, 0,
	    "", NULL, "example.org,example.net",
	    "Domains whose mail is delivered here.",
	    JA("このサーバーで受け取るメールのドメイン。") },
	[SETTING_HOST_POSTMASTER] = { "host.postmaster",
	    SETTING_MAIL_ADDRESS, 0, 0, 0,
	    "admin", NULL, "admin",
	    "Who gets mail to postmaster, and notices for the owner; the first "
	    "account where there is none of this name.",
	    JA("postmaster 宛てのメールと管理者への通知を受け取る宛先。該当す"
	    "るアカウントがなければ最初のアカウント。") },
	[SETTING_HOST_DNS] = { "host.dns",
	    SETTING_SERVERS, SETTING_EMPTY, 0, 0,
	    "", NULL, "192.0.2.53,[2001:db8::53]:5353",
	    "DNS servers to ask, with a port if it is not 53; empty: those "
	    "of the system.",
	    JA("使用するDNSサーバー。53番以外ならポートも指定。空欄ならシステ"
	    "ムの設定に従います。") },
	/* Where it listens. */
	[SETTING_LISTEN_SMTP] = { "listen.smtp",
	    SETTING_ENDPOINTS, SETTING_RESTART, 0, 0,
	    "off", NULL, "0.0.0.0:25,[::]:25",
	    "Addresses and ports for mail from other servers and old "
	    "clients (SMTP); or off.",
	    JA("他のサーバーや古いクライアントからのメール (SMTP)を待ち受け"
	    "るアドレスとポート。off で停止。") },
	[SETTING_LISTEN_SUBMISSION] = { "listen.submission",
	    SETTING_ENDPOINTS, SETTING_RESTART, 0, 0,
	    "off", NULL, "0.0.0.0:587,[::]:587",
	    "Addresses and ports for mail from your own people (submission, "
	    "STARTTLS); or off.",
	    JA("利用者からの送信 (submission、STARTTLS)を待ち受けるアドレス"
	    "とポート。off で停止。") },
	[SETTING_LISTEN_SMTPS] = { "listen.smtps",
	    SETTING_ENDPOINTS, SETTING_RESTART, 0, 0,
	    "off", NULL, "0.0.0.0:465,[::]:465",
	    "Addresses and ports for mail from your own people (TLS from "
	    "the first byte); or off.",
	    JA("利用者からの送信 (最初からTLS)を待ち受けるアドレスとポート。"
	    "off で停止。") },
	[SETTING_LISTEN_POP3] = { "listen.pop3",
	    SETTING_ENDPOINTS, SETTING_RESTART, 0, 0,
	    "off", NULL, "0.0.0.0:110,[::]:110",
	    "Addresses and ports for fetching mail (POP3, STLS); or off.",
	    JA("メールの受信 (POP3、STLS)を待ち受けるアドレスとポート。off "
	    "で停止。") },
	[SETTING_LISTEN_POP3S] = { "listen.pop3s",
	    SETTING_ENDPOINTS, SETTING_RESTART, 0, 0,
	    "off", NULL, "0.0.0.0:995,[::]:995",
	    "Addresses and ports for fetching mail (POP3, TLS from the "
	    "first byte); or off.",
	    JA("メールの受信 (POP3、最初からTLS)を待ち受けるアドレスとポート"
	    "。off で停止。") },
	[SETTING_LISTEN_HTTP] = { "listen.http",
	    SETTING_ENDPOINTS, SETTING_RESTART, 0, 0,
	    "off", NULL, "0.0.0.0:80,[::]:80",
	    "Addresses and ports for the web page without TLS, which only "
	    "leads to the other; or off.",
	    JA("TLSなしのWebページ (TLSありのページへ案内するだけ)を待ち受け"
	    "るアドレスとポート。off で停止。") },
	[SETTING_LISTEN_HTTPS] = { "listen.https",
	    SETTING_ENDPOINTS, SETTING_RESTART, 0, 0,
	    "off", NULL, "0.0.0.0:443,[::]:443",
	    "Addresses and ports for the web page (not there yet); or off.",
	    JA("管理用Webページを待ち受けるアドレスとポート。off で停止。") },
	[SETTING_NET_IDLE_SECONDS] = { "net.idle_seconds",
	    SETTING_NUMBER, 0, 10, 3600,
	    "300", NULL, "300",
	    "Hang up on a client that is silent this long.",
	    JA("この秒数だけ応答のない接続を切ります。") },
	[SETTING_NET_MAX_PER_ADDRESS] = { "net.max_per_address",
	    SETTING_NUMBER, 0, 1, 480,
	    "20", NULL, "20",
	    "Connections at once from one address.",
	    JA("一つのアドレスからの同時接続数の上限。") },
	[SETTING_NET_RESERVED] = { "net.reserved",
	    SETTING_NUMBER, 0, 0, 240,
	    "8", NULL, "8",
	    "Connections kept free for clients that may send, and for the "
	    "local network.",
	    JA("送信を許可された相手とLANのために空けておく接続数。") },
	/* TLS. */
	[SETTING_TLS_CERT] = { "tls.cert",
	    SETTING_FILE_PATH, SETTING_EMPTY | SETTING_RESTART, 0, 127,
	    "", NULL, "/etc/ssl/mail.pem",
	    "Certificate chain (PEM); empty: the self-signed one made by "
	    "init.",
	    JA("証明書チェーン (PEM)。空欄なら init が作った自己署名証明書。") },
	[SETTING_TLS_KEY] = { "tls.key",
	    SETTING_FILE_PATH, SETTING_EMPTY | SETTING_RESTART, 0, 127,
	    "", NULL, "/etc/ssl/mail.key",
	    "Private key (PEM) for the certificate.",
	    JA("証明書の秘密鍵 (PEM)。") },
	[SETTING_TLS_SECOND_CERT] = { "tls.second_cert",
	    SETTING_FILE_PATH, SETTING_EMPTY | SETTING_RESTART, 0, 127,
	    "", NULL, "/etc/ssl/mail-rsa.pem",
	    "A second chain (PEM) with a key of the other type: RSA for "
	    "devices that do not know EC keys.",
	    JA("もう一つの証明書チェーン (PEM)。EC鍵を知らない古い機器のための"
	    "RSAなど。") },
	[SETTING_TLS_SECOND_KEY] = { "tls.second_key",
	    SETTING_FILE_PATH, SETTING_EMPTY | SETTING_RESTART, 0, 127,
	    "", NULL, "/etc/ssl/mail-rsa.key",
	    "Private key (PEM) for the second certificate.",
	    JA("もう一つの証明書の秘密鍵 (PEM)。") },
	[SETTING_TLS_ROOTS] = { "tls.roots",
	    SETTING_FILE_PATH, SETTING_EMPTY | SETTING_RESTART, 0, 239,
	    "", NULL, "/etc/ssl/roots.pem",
	    "Certificates (PEM) that vouch for servers we send to; empty: "
	    "the system's.",
	    JA("送信先サーバーを検証するための認証局証明書 (PEM)。空欄ならシ"
	    "ステムのもの。") },
	[SETTING_TLS_LEGACY] = { "tls.legacy",
	    SETTING_FLAGS, 0, 0, 0,
	    "none", "smtp,submission,smtps,pop3,pop3s", "pop3,smtp",
	    "Listeners that also speak TLS 1.0, 1.1 and old ciphers, for "
	    "old devices. They protect little.",
	    JA("古い機器のためTLS 1.0/1.1と古い暗号も許す待ち受け口。保護は"
	    "弱くなります。") },
	[SETTING_TLS_LEGACY_NETWORKS] = { "tls.legacy_networks",
	    SETTING_NETWORKS, SETTING_EMPTY, 0, 0,
	    "", NULL, "192.168.1.64/28",
	    "Clients that get old TLS on any listener.",
	    JA("どの待ち受け口でも古いTLSを許すネットワーク。") },
	/* Logging in. */
	[SETTING_AUTH_PLAINTEXT] = { "auth.plaintext",
	    SETTING_CHOICE, 0, 0, 0,
	    "tls", "tls,legacy,any", "tls",
	    "Where passwords may travel readably: only under TLS, also "
	    "where marked as legacy, anywhere.",
	    JA("パスワードを平文で受け付ける範囲: TLSのみ、指定した箇所のみ"
	    "、どこでも。") },
	[SETTING_AUTH_LEGACY] = { "auth.legacy",
	    SETTING_FLAGS, 0, 0, 0,
	    "none", "smtp,submission,pop3", "smtp,pop3",
	    "Listeners marked as legacy: passwords without TLS, if "
	    "auth.plaintext says so.",
	    JA("auth.plaintext が legacy のとき、TLSなしのパスワードを許す待"
	    "ち受け口。") },
	[SETTING_AUTH_LEGACY_NETWORKS] = { "auth.legacy_networks",
	    SETTING_NETWORKS, SETTING_EMPTY, 0, 0,
	    "", NULL, "192.168.1.64/28",
	    "Networks marked as legacy: passwords without TLS, if "
	    "auth.plaintext says so.",
	    JA("auth.plaintext が legacy のとき、TLSなしのパスワードを許すネ"
	    "ットワーク。") },
	[SETTING_AUTH_OLD_FORM] = { "auth.old_form",
	    SETTING_BOOL, 0, 0, 0,
	    "on", NULL, "on",
	    "Announce AUTH= as well, for Outlook Express and its time.",
	    JA("Outlook Expressなど古いソフトのため AUTH= 形式でも通知します"
	    "。") },
	[SETTING_AUTH_ITERATIONS] = { "auth.iterations",
	    SETTING_NUMBER, 0, 0, 1000000,
	    "0", NULL, "10000",
	    "Work to check a password (PBKDF2 rounds, 4096 or more); 0: what "
	    "suits this box. Counts for passwords set from now on.",
	    JA("パスワード確認の計算量 (PBKDF2の回数、4096以上)。0は機器に合わせ"
	    "た値。今後設定するパスワードに適用。") },
	[SETTING_AUTH_CACHE_SECONDS] = { "auth.cache_seconds",
	    SETTING_NUMBER, 0, 0, 3600,
	    "600", NULL, "600",
	    "Remember a right password this long, so that polling is cheap; "
	    "0: never.",
	    JA("正しいパスワードを覚えておく秒数。0で無効。") },
	/* Who may send. */
	[SETTING_PERMIT_SMTP] = { "permit.smtp",
	    SETTING_FLAGS, 0, 0, 0,
	    "auth,grant,network", "auth,grant,network", "auth,grant,network",
	    "What permits relaying on listen.smtp: a login, a "
	    "POP-before-SMTP grant, a network or rule; or none.",
	    JA("listen.smtp で中継を許す条件: ログイン、POP before SMTP、ネ"
	    "ットワークや規則。none で禁止。") },
	[SETTING_PERMIT_SUBMISSION] = { "permit.submission",
	    SETTING_FLAGS, 0, 0, 0,
	    "auth", "auth,grant,network", "auth,grant",
	    "What permits relaying on listen.submission: a login, a "
	    "POP-before-SMTP grant, a network or rule; or none.",
	    JA("listen.submission で中継を許す条件: ログイン、POP before SMT"
	    "P、ネットワークや規則。none で禁止。") },
	[SETTING_PERMIT_SMTPS] = { "permit.smtps",
	    SETTING_FLAGS, 0, 0, 0,
	    "auth", "auth,grant,network", "auth,grant",
	    "What permits relaying on listen.smtps: a login, a "
	    "POP-before-SMTP grant, a network or rule; or none.",
	    JA("listen.smtps で中継を許す条件: ログイン、POP before SMTP、ネ"
	    "ットワークや規則。none で禁止。") },
	[SETTING_PERMIT_POP3_NETWORKS] = { "permit.pop3_networks",
	    SETTING_NETWORKS, SETTING_EMPTY, 0, 0,
	    "", NULL, "192.168.0.0/16",
	    "Networks that may fetch mail; empty: all.",
	    JA("メールを受信できるネットワーク。空欄ならすべて。") },
	[SETTING_RELAY_NETWORKS] = { "relay.networks",
	    SETTING_NETWORKS, SETTING_EMPTY, 0, 0,
	    "", NULL, "192.168.1.0/24",
	    "Clients that may send to anywhere without a login.",
	    JA("ログインなしでどこへでも送信できるネットワーク。") },
	[SETTING_RELAY_POP_BEFORE_SMTP] = { "relay.pop_before_smtp",
	    SETTING_CHOICE, 0, 0, 0,
	    "protected", "off,protected,any", "protected",
	    "Fetching mail permits sending: never, after a protected login, "
	    "after any login.",
	    JA("受信したアドレスに送信を許す: しない、保護されたログインのみ"
	    "、すべて。") },
	[SETTING_RELAY_WINDOW_MINUTES] = { "relay.window_minutes",
	    SETTING_NUMBER, 0, 1, 60,
	    "5", NULL, "5",
	    "A fetch permits sending for at least this long, and at most "
	    "twice as long.",
	    JA("受信後に送信を許す最短の分数 (最長はその2倍)。") },
	[SETTING_RELAY_GRANTS_PER_ACCOUNT] = { "relay.grants_per_account",
	    SETTING_NUMBER, 0, 1, 64,
	    "8", NULL, "8",
	    "Addresses at once that one account can permit.",
	    JA("一つのアカウントが同時に許可できるアドレス数。") },
	[SETTING_RELAY_RETRY_NETWORKS] = { "relay.retry_networks",
	    SETTING_NETWORKS, SETTING_EMPTY, 0, 0,
	    "", NULL, "192.168.1.0/24",
	    "Clients that are told to try again (450) instead of a refusal, "
	    "since they send before they fetch.",
	    JA("受信前に送信するソフトのため、拒否でなく再試行 (450) を返す"
	    "ネットワーク。") },
	[SETTING_RELAY_RULE] = { "relay.rule.*",
	    SETTING_TEXT, SETTING_FAMILY, 1, 500,
	    "", NULL, "permit relay when client in 192.168.1.0/24",
	    "A relay rule; rules are tried in the order of their labels, "
	    "the first match decides.",
	    JA("中継の規則。ラベル順に調べ、最初に一致したものに従います。") },
	[SETTING_DEVICE] = { "device.*",
	    SETTING_TEXT, SETTING_FAMILY, 1, 500,
	    "", NULL, "client=192.168.1.50 from=scanner@example.org",
	    "A device that can't log in: its address, its sender, its "
	    "limits.",
	    JA("ログインできない機器: アドレス、差出人、制限。") },
	/* Limits. */
	[SETTING_LIMIT_FAILURES] = { "limit.failures",
	    SETTING_NUMBER, 0, 1, 1000,
	    "10", NULL, "10",
	    "Wrong logins from one address before it is shut out.",
	    JA("締め出すまでのログイン失敗回数。") },
	[SETTING_LIMIT_BAN_MINUTES] = { "limit.ban_minutes",
	    SETTING_NUMBER, 0, 1, 10080,
	    "15", NULL, "15",
	    "How long it stays shut out.",
	    JA("締め出す分数。") },
	[SETTING_LIMIT_BAD_RECIPIENTS] = { "limit.bad_recipients",
	    SETTING_NUMBER, 0, 1, 1000,
	    "20", NULL, "20",
	    "Bad recipients that one connection may name before it is cut "
	    "off.",
	    JA("接続を切るまでの宛先誤りの回数。") },
	[SETTING_LIMIT_PER_HOUR] = { "limit.per_hour",
	    SETTING_NUMBER, 0, 0, 1000000,
	    "0", NULL, "200",
	    "Messages an hour from one sender; 0: no limit.",
	    JA("一人の送信者の1時間あたりの通数。0で無制限。") },
	[SETTING_LIMIT_PER_DAY] = { "limit.per_day",
	    SETTING_NUMBER, 0, 0, 1000000,
	    "0", NULL, "1000",
	    "Messages a day from one sender; 0: no limit.",
	    JA("一人の送信者の1日あたりの通数。0で無制限。") },
	/* Protocols. */
	[SETTING_SMTP_MAX_OCTETS] = { "smtp.max_octets",
	    SETTING_NUMBER, 0, 65536, 2147483647,
	    "52428800", NULL, "52428800",
	    "The largest message taken, in octets.",
	    JA("受け取るメールの最大サイズ (オクテット)。") },
	[SETTING_SMTP_MAX_RECIPIENTS] = { "smtp.max_recipients",
	    SETTING_NUMBER, 0, 1, 1000,
	    "100", NULL, "100",
	    "Recipients of one message at most.",
	    JA("1通のメールの宛先数の上限。") },
	[SETTING_SMTP_UTF8] = { "smtp.utf8",
	    SETTING_BOOL, 0, 0, 0,
	    "on", NULL, "on",
	    "Take addresses and headers in UTF-8 (SMTPUTF8).",
	    JA("UTF-8のアドレスとヘッダーを受け付けます (SMTPUTF8)。") },
	[SETTING_POP3_LOGIN_DELAY_SECONDS] = { "pop3.login_delay_seconds",
	    SETTING_NUMBER, 0, 0, 86400,
	    "0", NULL, "60",
	    "Time between two logins to one mailbox; 0: none.",
	    JA("同じメールボックスへの再ログインまでの秒数。0で制限なし。") },
	/* Mailboxes and addresses. */
	[SETTING_MAIL_PATH] = { "mail.path",
	    SETTING_FILE_PATH, SETTING_EMPTY | SETTING_RESTART, 0, 239,
	    "", NULL, "/srv/mail",
	    "Folder of the mailboxes; empty: mail in the state folder.",
	    JA("メールボックスのフォルダー。空欄なら状態フォルダーの mail。") },
	[SETTING_MAIL_QUOTA_MIB] = { "mail.quota_mib",
	    SETTING_NUMBER, 0, 0, 16777215,
	    "0", NULL, "500",
	    "Room for one mailbox in MiB; 0: no limit.",
	    JA("メールボックスの容量 (MiB)。0で無制限。") },
	[SETTING_QUOTA] = { "quota.*",
	    SETTING_NUMBER, SETTING_FAMILY, 0, 16777215,
	    "", NULL, "2000",
	    "The same for one account, named by the label; 0: no limit.",
	    JA("特定のアカウントのメールボックスの容量 (MiB)。0で無制限。") },
	[SETTING_MAIL_FREE_MIB] = { "mail.free_mib",
	    SETTING_NUMBER, 0, 1, 1048576,
	    "16", NULL, "16",
	    "Refuse mail for now when less than this is free on the disk.",
	    JA("ディスクの空きがこれ (MiB) を下回ると受信を一時拒否します。") },
	[SETTING_MAIL_SUFFIX] = { "mail.suffix",
	    SETTING_TEXT, SETTING_EMPTY, 1, 1,
	    "+", NULL, "+",
	    "user+anything is user: the character; empty: off.",
	    JA("user+任意 を user とみなす区切り文字。空欄で無効。") },
	[SETTING_MAIL_CATCH_ALL] = { "mail.catch_all",
	    SETTING_MAIL_ADDRESS, SETTING_EMPTY, 0, 0,
	    "", NULL, "admin",
	    "Who gets mail to unknown addresses; empty: refused.",
	    JA("存在しない宛先のメールの受取人。空欄なら拒否します。") },
	[SETTING_MAIL_SRS] = { "mail.srs",
	    SETTING_BOOL, 0, 0, 0,
	    "on", NULL, "on",
	    "Rewrite the sender when forwarding, so that the next server "
	    "believes it (SRS).",
	    JA("転送時に差出人を書き換えます (SRS)。") },
	[SETTING_MAIL_LMTP] = { "mail.lmtp",
	    SETTING_HOST_PORT, SETTING_EMPTY, 0, 0,
	    "", NULL, "127.0.0.1:24",
	    "Deliver local mail to this LMTP server instead of mailboxes "
	    "here.",
	    JA("ローカル宛てをこのLMTPサーバーへ配送します。") },
	[SETTING_ALIAS] = { "alias.*",
	    SETTING_MAIL_ADDRESSES, SETTING_FAMILY, 0, 0,
	    "", NULL, "anna,ben@example.net",
	    "Who gets mail to this address: accounts here, addresses "
	    "elsewhere.",
	    JA("この宛先のメールを受け取るアカウントやアドレス。") },
	[SETTING_FORWARD] = { "forward.*",
	    SETTING_MAIL_ADDRESSES, SETTING_FAMILY, 0, 0,
	    "", NULL, "keep,anna@example.net",
	    "Where this account's mail goes on to; with keep, a copy stays "
	    "here.",
	    JA("このアカウント宛てのメールの転送先。keep を加えると控えを残し"
	    "ます。") },
	[SETTING_LIST] = { "list.*",
	    SETTING_TEXT, SETTING_FAMILY, 1, 1000,
	    "", NULL, "owner=anna posting=members members=anna,ben@example.net",
	    "A mailing list: who owns it, who may post (members or anyone), "
	    "who gets it; more members in list.NAME:2 to list.NAME:6.",
	    JA("メーリングリスト: 管理者、投稿できる人 (members か anyone)、参"
	    "加者。続きの参加者は list.NAME:2 から list.NAME:6 まで。") },
	/* Sending on. */
	[SETTING_ROUTE_SMARTHOST] = { "route.smarthost",
	    SETTING_HOST_PORT, SETTING_EMPTY, 0, 0,
	    "", NULL, "smtp.example.net:587",
	    SENDING(
	    "Send everything through this server; empty: directly to the "
	    "recipients' servers."),
	    JA("すべての送信を任せるサーバー。空欄なら宛先のサーバーへ直接送"
	    "ります。") },
	[SETTING_ROUTE_TLS] = { "route.tls",
	    SETTING_CHOICE, 0, 0, 0,
	    "opportunistic", "off,opportunistic,required,verified", "verified",
	    SENDING(
	    "TLS to the next server: never, if offered, always, always with "
	    "a checked certificate."),
	    JA("次のサーバーへのTLS: 使わない、可能なら、必須、証明書の検証"
	    "も必須。") },
	[SETTING_ROUTE_USER] = { "route.user",
	    SETTING_TEXT, SETTING_EMPTY, 1, 255,
	    "", NULL, "anna@example.net",
	    SENDING("Login name at the smarthost."),
	    JA("スマートホストのログイン名。") },
	[SETTING_ROUTE_PASSWORD] = { "route.password",
	    SETTING_TEXT, SETTING_EMPTY | SETTING_SECRET, 1, 255,
	    "", NULL, "(the password)",
	    SENDING("Password at the smarthost."),
	    JA("スマートホストのパスワード。") },
	[SETTING_ROUTE_FINGERPRINT] = { "route.fingerprint",
	    SETTING_TEXT, SETTING_EMPTY, 64, 95,
	    "", NULL, "(SHA-256, 64 hexadecimal digits)",
	    SENDING(
	    "Trust the smarthost's certificate by this SHA-256 fingerprint."),
	    JA("スマートホストの証明書をSHA-256指紋で信頼します。") },
	[SETTING_ROUTE_PER_MINUTE] = { "route.per_minute",
	    SETTING_NUMBER, 0, 0, 10000,
	    "0", NULL, "30",
	    SENDING("Messages a minute to the smarthost; 0: no limit."),
	    JA("スマートホストへの1分あたりの通数。0で無制限。") },
	[SETTING_ROUTE_SEND_AS] = { "route.send_as",
	    SETTING_MAIL_ADDRESS, SETTING_EMPTY, 0, 0,
	    "", NULL, "anna@example.net",
	    SENDING(
	    "For a smarthost that takes only its own account's address: "
	    "sender and From become this; the old From moves to Reply-To."),
	    JA("契約アドレス以外を受け付けないスマートホスト用: 差出人とFrom"
	    "をこのアドレスにし、元のFromはReply-Toに移します。") },
	[SETTING_ROUTE_RULE] = { "route.rule.*",
	    SETTING_TEXT, SETTING_FAMILY, 1, 500,
	    "", NULL,
	    "from=example.org host=smtp.example.net:465 tls=verified "
	    "user=anna",
	    SENDING("A route for some senders or recipients, tried before "
	    "route.smarthost; words: from= to= host= tls= user= "
	    "per_minute= pin= proto= send_as=."),
	    JA("特定の差出人や宛先のための経路。route.smarthost より先に調べ"
	    "ます。語: from= to= host= tls= user= per_minute= pin= proto= "
	    "send_as=。") },
	[SETTING_ROUTE_SECRET] = { "route.secret.*",
	    SETTING_TEXT, SETTING_FAMILY | SETTING_SECRET, 1, 255,
	    "", NULL, "(the password)",
	    SENDING("The password that goes with the route of the same label."),
	    JA("同じラベルの経路で使うパスワード。") },
	[SETTING_QUEUE_RETRY_SECONDS] = { "queue.retry_seconds",
	    SETTING_NUMBER, 0, 1, 86400,
	    "300", NULL, "300",
	    SENDING("First wait before a message is tried again."),
	    JA("最初の再送までの秒数。") },
	[SETTING_QUEUE_RETRY_MAX_SECONDS] = { "queue.retry_max_seconds",
	    SETTING_NUMBER, 0, 1, 604800,
	    "14400", NULL, "14400",
	    SENDING("Longest wait between two tries."),
	    JA("再送間隔の最長秒数。") },
	[SETTING_QUEUE_EXPIRE_HOURS] = { "queue.expire_hours",
	    SETTING_NUMBER, 0, 1, 720,
	    "120", NULL, "120",
	    SENDING("Give up after this long, and tell the sender."),
	    JA("あきらめて差出人に知らせるまでの時間。") },
	[SETTING_QUEUE_DELAY_HOURS] = { "queue.delay_hours",
	    SETTING_NUMBER, 0, 0, 720,
	    "4", NULL, "4",
	    SENDING("Tell the sender about a delay after this long; 0: never."),
	    JA("遅延を差出人に知らせるまでの時間。0で知らせません。") },
	[SETTING_QUEUE_PER_DESTINATION] = { "queue.per_destination",
	    SETTING_NUMBER, 0, 1, 64,
	    "4", NULL, "4",
	    SENDING("Connections at once to one destination."),
	    JA("一つの送信先への同時接続数。") },
	[SETTING_QUEUE_HOLD] = { "queue.hold",
	    SETTING_BOOL, 0, 0, 0,
	    "off", NULL, "off",
	    SENDING("Keep everything in the queue; send nothing."),
	    JA("何も送らずキューに留めます。") },
	[SETTING_DKIM_DOMAINS] = { "dkim.domains",
	    SETTING_HOSTS, SETTING_EMPTY, 0, 0,
	    "", NULL, "example.org",
	    "Sign mail from these sender domains (DKIM).",
	    JA("DKIM署名を付ける差出人ドメイン。") },
	[SETTING_DKIM_SELECTOR] = { "dkim.selector",
	    SETTING_HOST, 0, 0, 0,
	    "gatepost", NULL, "gatepost",
	    "The name under which the signing key stands in DNS.",
	    JA("DNSで署名鍵を公開するときのセレクター名。") },
	[SETTING_NOTICES_LANGUAGE] = { "notices.language",
	    SETTING_CHOICE, 0, 0, 0,
	    "en", "en,ja", "ja",
	    "Language of bounces and warnings.",
	    JA("通知メールの言語。") },
	/* Scanner. */
	[SETTING_SCAN_ENABLED] = { "scan.enabled",
	    SETTING_BOOL, 0, 0, 0,
	    "on", NULL, "on",
	    VERDICTS("Look into every message for malware."),
	    JA("すべてのメールを検査します。") },
	[SETTING_SCAN_WARN] = { "scan.warn",
	    SETTING_BOOL, 0, 0, 0,
	    "on", NULL, "on",
	    VERDICTS(
	    "Send a warning to our own people when a message was stopped."),
	    JA("メールを止めたとき利用者に警告を送ります。") },
	[SETTING_SCAN_WARN_PER_HOUR] = { "scan.warn_per_hour",
	    SETTING_NUMBER, 0, 1, 1000,
	    "6", NULL, "6",
	    VERDICTS("Warnings an hour about the same thing to one person."),
	    JA("同じ件についての1時間あたりの警告数。") },
	[SETTING_SCAN_DEPTH] = { "scan.depth",
	    SETTING_NUMBER, 0, 1, 32,
	    "8", NULL, "8",
	    VERDICTS("How deep archives in archives are opened."),
	    JA("入れ子の書庫を開く深さ。") },
	[SETTING_SCAN_MAX_MIB] = { "scan.max_mib",
	    SETTING_NUMBER, 0, 1, 65535,
	    "256", NULL, "256",
	    VERDICTS(
	    "Unpacked octets per message, in MiB; more is over the limit."),
	    JA("1通を展開する最大サイズ (MiB)。") },
	[SETTING_SCAN_MAX_MEMBERS] = { "scan.max_members",
	    SETTING_NUMBER, 0, 1, 1000000,
	    "10000", NULL, "10000",
	    VERDICTS("Files in archives per message."),
	    JA("1通の書庫内のファイル数の上限。") },
	[SETTING_SCAN_MAX_SECONDS] = { "scan.max_seconds",
	    SETTING_NUMBER, 0, 1, 3600,
	    "60", NULL, "60",
	    VERDICTS("Time for one message."),
	    JA("1通の検査にかける最長秒数。") },
	[SETTING_SCAN_ENCRYPTED] = { "scan.encrypted",
	    SETTING_CHOICE, 0, 0, 0,
	    "deliver", "deliver,quarantine,refuse", "quarantine",
	    VERDICTS(
	    "What happens to archives behind a password: deliver with a "
	    "mark, keep in quarantine, refuse."),
	    JA("パスワード付きの書庫の扱い: 印を付けて配送、隔離、拒否。") },
	[SETTING_SCAN_DEEP] = { "scan.deep",
	    SETTING_CHOICE, 0, 0, 0,
	    "quarantine", "deliver,quarantine,refuse", "quarantine",
	    VERDICTS(
	    "What happens to archives nested too deep: deliver with a mark, "
	    "keep in quarantine, refuse."),
	    JA("入れ子が深すぎる書庫の扱い: 印を付けて配送、隔離、拒否。") },
	[SETTING_SCAN_DAMAGED] = { "scan.damaged",
	    SETTING_CHOICE, 0, 0, 0,
	    "deliver", "deliver,quarantine,refuse", "quarantine",
	    VERDICTS(
	    "What happens to damaged archives: deliver with a mark, keep in "
	    "quarantine, refuse."),
	    JA("壊れた書庫の扱い: 印を付けて配送、隔離、拒否。") },
	[SETTING_SCAN_LIMITS] = { "scan.limits",
	    SETTING_CHOICE, 0, 0, 0,
	    "quarantine", "deliver,quarantine,refuse", "quarantine",
	    VERDICTS(
	    "What happens to messages over the work limits: deliver with a "
	    "mark, keep in quarantine, refuse."),
	    JA("検査の上限を超えたメールの扱い: 印を付けて配送、隔離、拒否。") },
	[SETTING_SCAN_UNOPENED] = { "scan.unopened",
	    SETTING_CHOICE, 0, 0, 0,
	    "deliver", "deliver,quarantine,refuse", "quarantine",
	    VERDICTS(
	    "What happens to archives of a kind that is not opened here: "
	    "deliver with a mark, keep in quarantine, refuse."),
	    JA("この機器では開けない形式の書庫の扱い: 印を付けて配送、隔離、"
	    "拒否。") },
	[SETTING_SCAN_FAILED] = { "scan.failed",
	    SETTING_CHOICE, 0, 0, 0,
	    "quarantine", "deliver,quarantine,refuse", "quarantine",
	    VERDICTS(
	    "What happens to messages at which the scanner failed: deliver "
	    "with a mark, keep in quarantine, refuse."),
	    JA("検査に失敗したメールの扱い: 印を付けて配送、隔離、拒否。") },
	[SETTING_SCAN_SCRIPTS] = { "scan.scripts",
	    SETTING_CHOICE, 0, 0, 0,
	    "off", "off,deliver,quarantine,refuse", "quarantine",
	    VERDICTS(
	    "What happens to HTML with scripts or ActiveX: nothing, deliver "
	    "with a mark, keep in quarantine, refuse."),
	    JA("スクリプトやActiveXを含むHTMLの扱い: 何もしない、印を付けて"
	    "配送、隔離、拒否。") },
	[SETTING_SCAN_PROGRAMS] = { "scan.programs",
	    SETTING_CHOICE, 0, 0, 0,
	    "off", "off,deliver,quarantine,refuse", "quarantine",
	    VERDICTS(
	    "What happens to programs, by content and by name: nothing, "
	    "deliver with a mark, keep in quarantine, refuse."),
	    JA("内容または名前からみたプログラムの扱い: 何もしない、印を付け"
	    "て配送、隔離、拒否。") },
	[SETTING_SCAN_MACROS] = { "scan.macros",
	    SETTING_CHOICE, 0, 0, 0,
	    "off", "off,deliver,quarantine,refuse", "quarantine",
	    VERDICTS(
	    "What happens to Office documents with macros: nothing, deliver "
	    "with a mark, keep in quarantine, refuse."),
	    JA("マクロを含むOffice文書の扱い: 何もしない、印を付けて配送、隔"
	    "離、拒否。") },
	[SETTING_SCAN_SIGNATURES] = { "scan.signatures",
	    SETTING_FILE_PATH, SETTING_EMPTY, 0, 239,
	    "", NULL, "/srv/gatepost/main.gps",
	    VERDICTS(
	    "A compiled signature file beside the built-in set; empty: "
	    "signatures in the state folder, if it is there."),
	    JA("内蔵のものに加えて使うシグネチャファイル。空欄なら状態フォル"
	    "ダーの signatures (あれば)。") },
	[SETTING_SCAN_CLAMD] = { "scan.clamd",
	    SETTING_TEXT, SETTING_EMPTY, 1, 255,
	    "", NULL, "192.0.2.20:3310",
	    VERDICTS(
	    "Hand messages to this clamd as well: ADDR:PORT or a socket's "
	    "path."),
	    JA("clamd にも検査させます: アドレス:ポートまたはソケットのパス。") },
	[SETTING_SIG_KEY] = { "sig.key",
	    SETTING_TEXT, SETTING_EMPTY, 1, 255,
	    "", NULL, "(an ECDSA P-256 public key in hexadecimal)",
	    "Whose signature `gatepost sig install` asks for; empty: none, "
	    "it takes every sound file that the owner gives it.",
	    JA("シグネチャ更新の署名を検証する公開鍵。空欄なら署名を求めず、"
	    "所有者が渡した正しいファイルをすべて使います。") },
	[SETTING_QUARANTINE_DAYS] = { "quarantine.days",
	    SETTING_NUMBER, 0, 1, 3650,
	    "30", NULL, "30",
	    VERDICTS("Days that a stopped message is kept."),
	    JA("止めたメールを保存する日数。") },
	[SETTING_QUARANTINE_MAX_MIB] = { "quarantine.max_mib",
	    SETTING_NUMBER, 0, 1, 1048576,
	    "256", NULL, "256",
	    VERDICTS("Room for stopped messages in MiB; the oldest go first."),
	    JA("止めたメールの保存容量 (MiB)。古いものから消します。") },
	/* Running it. */
	[SETTING_CONTROL_SOCKET] = { "control.socket",
	    SETTING_FILE_PATH, SETTING_EMPTY | SETTING_RESTART, 0, 107,
	    "", NULL, "/run/gatepost.sock",
	    "Path of the local API socket; empty: control in the state "
	    "folder.",
	    JA("ローカルAPIのソケットのパス。空欄なら状態フォルダーの contro"
	    "l。") },
	[SETTING_WEB_HOSTS] = { "web.hosts",
	    SETTING_HOSTS, SETTING_EMPTY, 0, 0,
	    "", NULL, "gatepost.lan,mail.example.org",
	    "Further names under which the web page may be called.",
	    JA("Webページを呼び出せる追加のホスト名。") },
	[SETTING_WEB_NETWORKS] = { "web.networks",
	    SETTING_NETWORKS, SETTING_EMPTY, 0, 0,
	    "", NULL, "192.168.1.0/24",
	    "Networks that may use the web page; empty: all.",
	    JA("Webページを使えるネットワーク。空欄ならすべて。") },
	[SETTING_WEB_SESSION_MINUTES] = { "web.session_minutes",
	    SETTING_NUMBER, 0, 1, 1440,
	    "30", NULL, "30",
	    "Log out of the web page after this long without use.",
	    JA("操作がないとき自動的にログアウトするまでの分数。") },
	[SETTING_LOG_LEVEL] = { "log.level",
	    SETTING_CHOICE, 0, 0, 0,
	    "info", "error,warn,info,debug", "info",
	    "How much is logged.",
	    JA("記録の詳しさ。") },
};
/* clang-format on */

/* Does `key` belong to the family "prefix.*"?  Its own name does not. */
static bool
is_member(struct span family, struct span key)
{
	struct span prefix = span_first(family, family.len - 1);

	return key.len > prefix.len && span_starts(key, prefix)
	       && !span_is(key, family);
}

int
settings_find(struct span key, struct span *label)
{
	for (int id = 0; id < SETTING_N; id++) {
		const struct setting_spec *spec = &settings_schema[id];
		struct span name = span_str(spec->key);
		bool family = spec->flags & SETTING_FAMILY;

		if (family ? !is_member(name, key) : !span_is(name, key))
			continue;
		if (label != NULL)
			*label =
			    span_from(key, family ? name.len - 1 : key.len);
		return id;
	}
	return ERR_MISSING;
}

const char *
setting_type_name(enum setting_type type)
{
	static const char *const names[] = {
		[SETTING_BOOL] = "bool",
		[SETTING_NUMBER] = "number",
		[SETTING_CHOICE] = "choice",
		[SETTING_FLAGS] = "flags",
		[SETTING_TEXT] = "text",
		[SETTING_HOST] = "host",
		[SETTING_HOSTS] = "hosts",
		[SETTING_HOST_PORT] = "host:port",
		[SETTING_ENDPOINTS] = "endpoints",
		[SETTING_SERVERS] = "servers",
		[SETTING_NETWORKS] = "networks",
		[SETTING_MAIL_ADDRESS] = "mail address",
		[SETTING_MAIL_ADDRESSES] = "mail addresses",
		[SETTING_FILE_PATH] = "path",
	};

	return names[type];
}
