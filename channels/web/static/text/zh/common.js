/** What every page says, in Chinese. */

export const common = {
  brand: "Airside",
  skip: "跳到正文",
  demo: "演示",
  demoSays: "不是真钱，任何人都可以登录。",
  signOut: "退出登录",
  live: "实时",
  waiting: "正在重新连接",
  offline: "离线",

  signInTitle: "您是哪位？",
  signInDemo: "这是演示：请选择一个人。",
  signInKey: "API 密钥",
  signInKeySays: "密钥只保存在这个标签页里，关闭后即清除。",
  signIn: "登录",
  keyRefused: "网关不认识这个密钥。",
  notForYou: "{name} 不能使用本页。请换一个人登录。",

  noAnswer: "网关没有回应。",
  noAnswerSays: "一旦恢复，本页会自动继续。",
  close: "关闭",
  language: "语言",
  passkeyIn: "用通行密钥登录",
  passkeyNone: "没有出示通行密钥。",
  passkeyRefused: "网关没有接受。请再试一次，或向航空公司索取新的代码。",
  firstTime: "第一次使用？",
  enrolmentCode: "航空公司给您的代码",
  makePasskey: "创建通行密钥并登录",
};
