package example.mybrary;

/** 프로필 이미지의 주소를 만든다. */
final class ProfileImages {
    private static final String BASE = "https://mybrary-user-service.s3.ap-northeast-2.amazonaws.com/profile/";
    private static final String QUEUE = "mybrary-follow-queue";

    static String address(long user, String file) {
        return BASE + user + "/" + file;
    }

    static String queue() {
        return QUEUE;
    }
}
