/* warning_words: texts only. */
#include "service/warning_words.h"

#include "config.h"

static const struct warning_words english = {
	.subject_sender = "Your message was stopped",
	.subject_recipient = "A message to you was stopped",
	.intro = "This is the mail server at ",
	.sender = ".\n\nA message that was sent in your name has not "
		  "been delivered: ",
	.recipient = ".\n\nA message to you has not been "
		     "delivered: ",
	.because = {
		[QUARANTINE_MALWARE] = "it contains malware",
		[QUARANTINE_ENCRYPTED] =
		    "a part of it is locked with a password",
		[QUARANTINE_DEEP] = 
		    "its archives are nested too deep to look into",
		[QUARANTINE_DAMAGED] = "it contains a damaged archive",
		[QUARANTINE_LIMITS] =
		    "looking into it would be too much work",
		[QUARANTINE_UNOPENED] =
		    "it contains an archive that is not opened here",
		[QUARANTINE_FAILED] = "the scanner failed at it",
		[QUARANTINE_SCRIPTS] =
		    "it contains a page with active content",
		[QUARANTINE_PROGRAMS] = "it contains a program",
		[QUARANTINE_MACROS] =
		    "it contains a document with macros",
	},
	.end = ".\n\n",
	.malware = "It is kept in quarantine and will not be "
		   "delivered. You need do nothing.\n\n",
	.held = "It is kept in quarantine for some time. If you need "
		"it, ask the administrator of\nthis server, who can "
		"release it by its number.\n\n",
	.not_you = "If you did not send it, then a program on one of "
		   "your devices did, or somebody\nknows your "
		   "password: look for malware there, and change the "
		   "password.\n\n",
	.from = "  From:    ",
	.subject = "  Subject: ",
	.date = "  Date:    ",
	.found = "  Found:   ",
	.where = "  Inside:  ",
	.number = "  Number:  ",
	.off = "\nThe administrator can turn these warnings off for "
	       "your account.\n",
	.subject_quota = "Your mailbox is nearly full",
	.quota_before = ".\n\nYour mailbox is ",
	.quota_percent = " % full; it may hold ",
	.quota_size = " MiB",
	.quota_after = ".\n\nWhen it is full, further mail to you is "
		       "refused for now and comes late or not at "
		       "all.\nDelete what you no longer need, also in "
		       "the mail program: \"leave messages on\n"
		       "server\" keeps them here.\n",
};

static const struct warning_words japanese = {
	.subject_sender = "=?UTF-8?B?6YCB5L+h44GV44KM44Gf44Oh44O844Or44KS5q2i44KB44G+44GX44Gf?=",
	.subject_recipient =
	    "=?UTF-8?B?44GC44Gq44Gf5a6b44Gm44Gu44Oh44O844Or44KS5q2i44KB44G+44GX44Gf?=",
	.intro = "こちらはメールサーバー ",
	.sender = " です。\n\nあなたの名前で送信されたメールを配送せずに止めました。\n理由: ",
	.recipient = " です。\n\nあなた宛てのメールを配送せずに止めました。\n理由: ",
	.because = {
		[QUARANTINE_MALWARE] = "マルウェアが含まれています",
		[QUARANTINE_ENCRYPTED] = "パスワードで保護されていて検査できないものが含まれています",
		[QUARANTINE_DEEP] = "圧縮ファイルが幾重にも入れ子になっていて、奥まで検査できません",
		[QUARANTINE_DAMAGED] = "壊れた圧縮ファイルが含まれています",
		[QUARANTINE_LIMITS] = "検査の量が上限を超えました",
		[QUARANTINE_UNOPENED] = "ここでは開けない形式の圧縮ファイルが含まれています",
		[QUARANTINE_FAILED] = "検査に失敗しました",
		[QUARANTINE_SCRIPTS] = "スクリプトなどの動作する内容が含まれています",
		[QUARANTINE_PROGRAMS] = "プログラムが含まれています",
		[QUARANTINE_MACROS] = "マクロを含む文書が添付されています",
	},
	.end = "。\n\n",
	.malware = "このメールは隔離され、配送されません。何もしていただく必要はありません。\n\n",
	.held = "このメールはしばらくの間、隔離して保存します。必要な場合は、番号を添えて\nこのサーバーの管理者に配送を依頼してください。\n\n",
	.not_you = "お心当たりがない場合は、お使いの機器のプログラムが送信したか、パスワードが\n他人に知られたおそれがあります。機器を検査し、パスワードを変更してください。\n\n",
	.from = "  差出人: ",
	.subject = "  件名:   ",
	.date = "  日時:   ",
	.found = "  検出名: ",
	.where = "  場所:   ",
	.number = "  番号:   ",
	.off = "\nこの警告は、管理者がアカウントごとに止めることができます。\n",
	.subject_quota =
	    "=?UTF-8?B?5Y+X5L+h566x44Gu56m644GN44GM5q6L44KK44KP44Ga44GL44Gn44GZ?=",
	.quota_before = " です。\n\nあなたのメールボックスは ",
	.quota_percent = " % まで使われています。容量は ",
	.quota_size = " MiB です",
	.quota_after = "。\n\nいっぱいになると、あなた宛てのメールは一時的に受け取れなくなり、遅れたり\n届かなかったりします。不要なメールを削除してください。メールソフトの\n「サーバーにメッセージを残す」設定もご確認ください。\n",
};

const struct warning_words *
warning_words(enum letter_language language)
{
	return ENABLE_JAPANESE && language == LETTER_JAPANESE ? &japanese
							      : &english;
}
