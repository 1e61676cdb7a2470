// One visit with JSch as Debian has it: ADDRESS PORT USER METHOD PASSWORD. Prints the host key's kind, who it is there, and how
// many bytes of twelve came back by sftp; or why it did not enter.

import com.jcraft.jsch.ChannelExec;
import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.UIKeyboardInteractive;
import com.jcraft.jsch.UserInfo;
import java.io.ByteArrayInputStream;
import java.util.Scanner;

public class Jsch {
    public static void main(String[] given) throws Exception {
        Session session = new JSch().getSession(given[2], given[0], Integer.parseInt(given[1]));
        session.setConfig("StrictHostKeyChecking", "no");
        session.setConfig("PreferredAuthentications", given[3]);
        session.setPassword(given[4]);
        session.setUserInfo(new Answers(given[4]));
        try {
            session.connect(60000);
        } catch (JSchException why) {
            System.out.println(why.getMessage());
            return;
        }
        ChannelExec exec = (ChannelExec) session.openChannel("exec");
        exec.setCommand("whoami");
        Scanner out = new Scanner(exec.getInputStream());
        exec.connect();
        String whoami = out.nextLine();
        ChannelSftp sftp = (ChannelSftp) session.openChannel("sftp");
        sftp.connect();
        sftp.put(new ByteArrayInputStream(new byte[12]), "/tmp/jsch");
        int back = sftp.get("/tmp/jsch").readAllBytes().length;
        System.out.println(session.getHostKey().getType() + " " + whoami + " " + back);
        session.disconnect();
    }

    /** Answers every question with the password, once: asked again it gives up. */
    private static class Answers implements UserInfo, UIKeyboardInteractive {
        private String password;

        Answers(String password) {
            this.password = password;
        }

        public String[] promptKeyboardInteractive(String to, String name, String text, String[] prompts, boolean[] echo) {
            String answer = password;
            password = null;
            return answer == null ? null : new String[] {answer};
        }

        public String getPassphrase() {
            return null;
        }

        public String getPassword() {
            return password;
        }

        public boolean promptPassword(String message) {
            return password != null;
        }

        public boolean promptPassphrase(String message) {
            return false;
        }

        public boolean promptYesNo(String message) {
            return true;
        }

        public void showMessage(String message) {}
    }
}
